import { PrivateOrders } from "../auth.js";

export default function Page() {
  return <PrivateOrders />;
}

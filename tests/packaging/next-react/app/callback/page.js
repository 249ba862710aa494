export default function Page() {
  return <p id="callback">One moment</p>;
}

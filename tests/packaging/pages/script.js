report(pkceWasm);

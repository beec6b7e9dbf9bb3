//! Entry point of `dapr` and, under the name `daprd`, of the embedded sidecar.

fn main() {}

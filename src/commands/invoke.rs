//! `dapr invoke`: calls a method of an app through its sidecar.

use super::Globals;
use super::args::Payload;
use crate::error::{EXIT_OK, Failure};
use crate::self_hosted::invoke::{self, Call};

const EXAMPLES: &str = "# Invoke a sample method on target app with POST Verb
dapr invoke --app-id target --method sample --data '{\"key\":\"value\"}'

# Invoke a sample method on target app with GET Verb
dapr invoke --app-id target --method sample --verb GET

# Invoke a sample method on target app with GET Verb using Unix domain socket
dapr invoke --unix-domain-socket <DIR> --app-id target --method sample --verb GET";

/// Flags of `invoke`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The application id to invoke
    #[arg(short, long)]
    app_id: String,
    /// The method to invoke
    #[arg(short, long)]
    method: String,
    #[command(flatten)]
    payload: Payload,
    /// The HTTP verb to use
    #[arg(short, long, default_value = "POST")]
    verb: String,
}

/// Calls the method and prints what it answers.
pub fn run(args: &Args, globals: &Globals) -> Result<u8, Failure> {
    let body = args.payload.read("invoke")?;
    let socket = args.payload.socket(globals);
    let call = Call { app_id: &args.app_id, method: &args.method, verb: &args.verb, body, socket };
    let answer = invoke::invoke(&call, &globals.install()?, &globals.env).map_err(|error| {
        Failure::new(format!("error invoking app {}: {error}", args.app_id)).with_hints(error.hints())
    })?;
    if !answer.is_empty() {
        globals.finish([&answer[..], b"\n"].concat())?;
    }
    globals.printer.success("App invoked successfully");
    Ok(EXIT_OK)
}

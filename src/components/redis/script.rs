//! Lua scripts, which the server keeps by their digest.

use ::redis::Cmd;

/// A script. The server is sent its digest, and its source when it doesn't know it: after a restart, for example.
pub struct Script {
    source: &'static str,
    digest: String,
}

/// A call of a script: what stands behind the script in the command.
pub struct Call<'a> {
    script: &'a Script,
    keys: usize,
    arguments: Vec<&'a [u8]>,
}

impl Script {
    /// A script with this source.
    pub fn new(source: &'static str) -> Self {
        Self { source, digest: ::redis::Script::new(source).get_hash().to_owned() }
    }

    /// A call with these keys, then these arguments.
    pub fn call<'a>(&'a self, keys: &[&'a [u8]], arguments: &[&'a [u8]]) -> Call<'a> {
        Call { script: self, keys: keys.len(), arguments: [keys, arguments].concat() }
    }
}

impl Call<'_> {
    /// The command that counts on the server to know the script.
    pub fn by_digest(&self) -> Cmd {
        self.command("EVALSHA", &self.script.digest)
    }

    /// The command that tells the server the script.
    pub fn by_source(&self) -> Cmd {
        self.command("EVAL", self.script.source)
    }

    fn command(&self, name: &str, script: &str) -> Cmd {
        let size: usize = self.arguments.iter().map(|argument| argument.len() + 16).sum();
        let mut command = Cmd::with_capacity(self.arguments.len() + 3, size + script.len() + 64);
        command.arg(name).arg(script).arg(self.keys);
        for argument in &self.arguments {
            command.arg(*argument);
        }
        command
    }
}

//! Writes with `consistency: strong` on a server that has replicas: each is followed by a wait for them, on a
//! connection of their own, because a connection that waits does nothing else.

use ::redis::{Cmd, Value};

use crate::components::redis::{Call, Client, Error, Repeat, Settings};

/// How long the server waits for its replicas, in milliseconds. Too few confirmations in that time are no error.
const PATIENCE: u32 = 1000;

/// A connection for writes that are to be confirmed.
pub struct Replicas {
    client: Client,
    count: u32,
}

impl Replicas {
    /// The replicas that are connected now; `None` when there are none.
    pub async fn of(client: &Client, settings: Settings, label: String) -> Result<Option<Self>, Error> {
        let count = client.replicas().await?;
        if count == 0 {
            return Ok(None);
        }
        Ok(Some(Self { client: Client::connect(settings, label).await?, count }))
    }

    /// Runs a script, then waits.
    pub async fn script(&self, call: &Call<'_>, repeat: Repeat) -> Result<Value, Error> {
        let answer = self.client.script(call, repeat).await?;
        self.wait().await?;
        Ok(answer)
    }

    /// Runs several scripts, then waits once.
    pub async fn scripts(
        &self,
        calls: &[Call<'_>],
        repeat: Repeat,
    ) -> Result<Vec<Result<Value, Error>>, Error> {
        let answers = self.client.scripts(calls, repeat).await?;
        self.wait().await?;
        Ok(answers)
    }

    pub fn close(&self) {
        self.client.close();
    }

    async fn wait(&self) -> Result<(), Error> {
        let mut wait = Cmd::new();
        wait.arg("WAIT").arg(self.count).arg(PATIENCE);
        self.client.command(&wait, Repeat::Harmless).await.map(drop)
    }
}

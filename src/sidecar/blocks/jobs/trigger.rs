//! One more run of a job because somebody asks for it: the app gets it at once, and schedule, count and next time stay
//! as they are. What the app says goes to whoever has asked; no policy follows from it.

use std::time::Instant;

use hyper::StatusCode;

use super::{Jobs, SCOPE, unknown};
use crate::sidecar::app::Channel;
use crate::sidecar::app::jobs::Reply;
use crate::sidecar::error::ApiError;
use crate::sidecar::metrics::Metrics;

impl Jobs {
    /// Hands a job to the app now. The error is that there is no such job (404), that there is no app (400), or what
    /// became of it at the app (502).
    pub async fn trigger(
        &self,
        name: &str,
        app: Option<&Channel>,
        metrics: &Metrics,
    ) -> Result<(), ApiError> {
        const REASON: &str = "DAPR_SCHEDULER_TRIGGER_JOB";
        self.check_name(name)?;
        let found = match self.store().await {
            Ok(store) => store.get(&self.key(name)).await.map_err(unknown),
            Err(error) => Err(unknown(error)),
        };
        let found =
            found.map_err(|cause| self.failed(REASON, format!("failed to trigger job due to: {cause}")))?;
        let refuse = |status, cause: String| Err(self.error(status, REASON, cause));
        let Some(job) = found else {
            return refuse(StatusCode::NOT_FOUND, format!("job not found: {name}"));
        };
        let Some(app) = app else {
            let cause = "the sidecar has no app to hand the job to: it was started without --app-port";
            return refuse(StatusCode::BAD_REQUEST, cause.into());
        };
        let began = Instant::now();
        let reply = app.job(name, &job.job.payload).await;
        metrics.job(job.key.receiver.namespace(), reply == Reply::Done, began.elapsed());
        let cause = match reply {
            Reply::Done => {
                tracing::info!(target: SCOPE, "Sent job {name} to app because somebody asked for it");
                return Ok(());
            }
            Reply::NoHandler(cause) => format!("the app has nothing that takes the job {name}: {cause}"),
            Reply::Failed(cause) => format!("the app failed on the job {name}: {cause}"),
            Reply::Unreachable(cause) => format!("the job {name} didn't get to the app: {cause}"),
        };
        tracing::error!(target: SCOPE, "{cause}");
        refuse(StatusCode::BAD_GATEWAY, cause)
    }
}

//! The gRPC API (grpc-api reference). One file per building block; this one names every method of the service,
//! the group of the API that it belongs to, and what answers it.

mod bindings;
pub mod call;
mod configuration;
mod descriptors;
mod error;
mod health;
mod invoke;
mod jobs;
mod lock;
mod metadata;
mod methods;
mod publish;
mod reflection;
mod secrets;
pub mod server;
mod state;
mod subscribe;
mod trace;

use std::sync::Arc;

use async_trait::async_trait;
use dapr::dapr::proto::common::v1::InvokeResponse;
use dapr::dapr::proto::runtime::v1::dapr_server::Dapr;
#[cfg_attr(
    not(test),
    expect(clippy::wildcard_imports, reason = "the list of methods is the list of what is imported")
)]
use dapr::dapr::proto::runtime::v1::*;
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status, Streaming};

use crate::sidecar::core::Core;
use crate::sidecar::error::ApiError;

/// The methods of one sidecar.
struct Service {
    core: Arc<Core>,
}

/// Makes the service out of lists of methods: those that are answered, and those that are still missing, each
/// with its group, its request and its response.
macro_rules! service {
    (
        streams { $($stream:ident = $item:ty;)* }
        answered { $($group:literal $method:ident($request:ty) -> $response:ty = $answer:path;)* }
        missing { $($missing_group:literal $missing:ident($missing_request:ty) -> $missing_response:ty;)* }
    ) => {
        #[async_trait]
        impl Dapr for Service {
            $(type $stream = BoxStream<$item>;)*
            $(
                async fn $method(&self, request: Request<$request>) -> Result<Response<$response>, Status> {
                    trace::note(&request);
                    let answer = $answer(&self.core, request).await;
                    answer.inspect_err(|status| error::count(status, &self.core.metrics))
                }
            )*
            $(
                async fn $missing(
                    &self,
                    _: Request<$missing_request>,
                ) -> Result<Response<$missing_response>, Status> {
                    Err(ApiError::not_available($missing_group).into())
                }
            )*
        }

        /// Every method, with its group, in the words of the generated code.
        const METHODS: &[(&str, &str)] = &[
            $((stringify!($method), $group),)*
            $((stringify!($missing), $missing_group),)*
        ];
    };
}

#[rustfmt::skip]
service! {
    streams {
        SubscribeTopicEventsAlpha1Stream = SubscribeTopicEventsResponseAlpha1;
        SubscribeConfigurationAlpha1Stream = SubscribeConfigurationResponse;
        SubscribeConfigurationStream = SubscribeConfigurationResponse;
        EncryptAlpha1Stream = EncryptResponse;
        DecryptAlpha1Stream = DecryptResponse;
    }
    answered {
        "invoke" invoke_service(InvokeServiceRequest) -> InvokeResponse = invoke::service;
        "state" get_state(GetStateRequest) -> GetStateResponse = state::get;
        "state" get_bulk_state(GetBulkStateRequest) -> GetBulkStateResponse = state::bulk_get;
        "state" save_state(SaveStateRequest) -> () = state::save;
        "state" query_state_alpha1(QueryStateRequest) -> QueryStateResponse = state::query;
        "state" delete_state(DeleteStateRequest) -> () = state::delete;
        "state" delete_bulk_state(DeleteBulkStateRequest) -> () = state::bulk_delete;
        "state" execute_state_transaction(ExecuteStateTransactionRequest) -> () = state::transact;
        "publish" publish_event(PublishEventRequest) -> () = publish::publish;
        "secrets" get_secret(GetSecretRequest) -> GetSecretResponse = secrets::get;
        "secrets" get_bulk_secret(GetBulkSecretRequest) -> GetBulkSecretResponse = secrets::bulk;
        "metadata" get_metadata(GetMetadataRequest) -> GetMetadataResponse = metadata::get;
        "metadata" set_metadata(SetMetadataRequest) -> () = metadata::set;
        "shutdown" shutdown(ShutdownRequest) -> () = metadata::shutdown;
        "publish" bulk_publish_event_alpha1(BulkPublishRequest) -> BulkPublishResponse = publish::bulk_publish;
        "publish" bulk_publish_event(BulkPublishRequest) -> BulkPublishResponse = publish::bulk_publish;
        "subscribe" subscribe_topic_events_alpha1(Streaming<SubscribeTopicEventsRequestAlpha1>) -> Self::SubscribeTopicEventsAlpha1Stream = subscribe::stream;
        "bindings" invoke_binding(InvokeBindingRequest) -> InvokeBindingResponse = bindings::invoke;
        "configuration" get_configuration_alpha1(GetConfigurationRequest) -> GetConfigurationResponse = configuration::get;
        "configuration" get_configuration(GetConfigurationRequest) -> GetConfigurationResponse = configuration::get;
        "configuration" subscribe_configuration_alpha1(SubscribeConfigurationRequest) -> Self::SubscribeConfigurationAlpha1Stream = configuration::subscribe;
        "configuration" subscribe_configuration(SubscribeConfigurationRequest) -> Self::SubscribeConfigurationStream = configuration::subscribe;
        "configuration" unsubscribe_configuration_alpha1(UnsubscribeConfigurationRequest) -> UnsubscribeConfigurationResponse = configuration::unsubscribe;
        "configuration" unsubscribe_configuration(UnsubscribeConfigurationRequest) -> UnsubscribeConfigurationResponse = configuration::unsubscribe;
        "lock" try_lock_alpha1(TryLockRequest) -> TryLockResponse = lock::try_lock;
        "unlock" unlock_alpha1(UnlockRequest) -> UnlockResponse = lock::unlock;
        "jobs" schedule_job_alpha1(ScheduleJobRequest) -> ScheduleJobResponse = jobs::schedule;
        "jobs" schedule_job(ScheduleJobRequest) -> ScheduleJobResponse = jobs::schedule;
        "jobs" get_job_alpha1(GetJobRequest) -> GetJobResponse = jobs::get;
        "jobs" get_job(GetJobRequest) -> GetJobResponse = jobs::get;
        "jobs" delete_job_alpha1(DeleteJobRequest) -> DeleteJobResponse = jobs::delete;
        "jobs" delete_job(DeleteJobRequest) -> DeleteJobResponse = jobs::delete;
        "jobs" delete_jobs_by_prefix_alpha1(DeleteJobsByPrefixRequestAlpha1) -> DeleteJobsByPrefixResponseAlpha1 = jobs::delete_by_prefix_alpha1;
        "jobs" delete_jobs_by_prefix(DeleteJobsByPrefixRequest) -> DeleteJobsByPrefixResponse = jobs::delete_by_prefix;
        "jobs" list_jobs_alpha1(ListJobsRequestAlpha1) -> ListJobsResponseAlpha1 = jobs::list_alpha1;
        "jobs" list_jobs(ListJobsRequest) -> ListJobsResponse = jobs::list;
    }
    missing {
        "actors" register_actor_timer(RegisterActorTimerRequest) -> ();
        "actors" unregister_actor_timer(UnregisterActorTimerRequest) -> ();
        "actors" register_actor_reminder(RegisterActorReminderRequest) -> ();
        "actors" unregister_actor_reminder(UnregisterActorReminderRequest) -> ();
        "actors" unregister_actor_reminders_by_type(UnregisterActorRemindersByTypeRequest) -> UnregisterActorRemindersByTypeResponse;
        "actors" list_actor_reminders(ListActorRemindersRequest) -> ListActorRemindersResponse;
        "actors" get_actor_state(GetActorStateRequest) -> GetActorStateResponse;
        "actors" get_actor_reminder(GetActorReminderRequest) -> GetActorReminderResponse;
        "actors" execute_actor_state_transaction(ExecuteActorStateTransactionRequest) -> ();
        "actors" invoke_actor(InvokeActorRequest) -> InvokeActorResponse;
        "workflows" start_workflow_alpha1(StartWorkflowRequest) -> StartWorkflowResponse;
        "workflows" get_workflow_alpha1(GetWorkflowRequest) -> GetWorkflowResponse;
        "workflows" purge_workflow_alpha1(PurgeWorkflowRequest) -> ();
        "workflows" terminate_workflow_alpha1(TerminateWorkflowRequest) -> ();
        "workflows" pause_workflow_alpha1(PauseWorkflowRequest) -> ();
        "workflows" resume_workflow_alpha1(ResumeWorkflowRequest) -> ();
        "workflows" raise_event_workflow_alpha1(RaiseEventWorkflowRequest) -> ();
        "workflows" start_workflow_beta1(StartWorkflowRequest) -> StartWorkflowResponse;
        "workflows" get_workflow_beta1(GetWorkflowRequest) -> GetWorkflowResponse;
        "workflows" purge_workflow_beta1(PurgeWorkflowRequest) -> ();
        "workflows" terminate_workflow_beta1(TerminateWorkflowRequest) -> ();
        "workflows" pause_workflow_beta1(PauseWorkflowRequest) -> ();
        "workflows" resume_workflow_beta1(ResumeWorkflowRequest) -> ();
        "workflows" raise_event_workflow_beta1(RaiseEventWorkflowRequest) -> ();
        "crypto" encrypt_alpha1(Streaming<EncryptRequest>) -> Self::EncryptAlpha1Stream;
        "crypto" decrypt_alpha1(Streaming<DecryptRequest>) -> Self::DecryptAlpha1Stream;
        "subtlecrypto" subtle_get_key_alpha1(SubtleGetKeyRequest) -> SubtleGetKeyResponse;
        "subtlecrypto" subtle_encrypt_alpha1(SubtleEncryptRequest) -> SubtleEncryptResponse;
        "subtlecrypto" subtle_decrypt_alpha1(SubtleDecryptRequest) -> SubtleDecryptResponse;
        "subtlecrypto" subtle_wrap_key_alpha1(SubtleWrapKeyRequest) -> SubtleWrapKeyResponse;
        "subtlecrypto" subtle_unwrap_key_alpha1(SubtleUnwrapKeyRequest) -> SubtleUnwrapKeyResponse;
        "subtlecrypto" subtle_sign_alpha1(SubtleSignRequest) -> SubtleSignResponse;
        "subtlecrypto" subtle_verify_alpha1(SubtleVerifyRequest) -> SubtleVerifyResponse;
        "conversation" converse_alpha1(ConversationRequest) -> ConversationResponse;
        "conversation" converse_alpha2(ConversationRequestAlpha2) -> ConversationResponseAlpha2;
        "search" create_index_alpha1(CreateIndexRequestAlpha1) -> ();
        "search" get_index_alpha1(GetIndexRequestAlpha1) -> GetIndexResponseAlpha1;
        "search" list_indexes_alpha1(ListIndexesRequestAlpha1) -> ListIndexesResponseAlpha1;
        "search" delete_index_alpha1(DeleteIndexRequestAlpha1) -> ();
        "search" index_documents_alpha1(IndexDocumentsRequestAlpha1) -> IndexDocumentsResponseAlpha1;
        "search" get_documents_alpha1(GetDocumentsRequestAlpha1) -> GetDocumentsResponseAlpha1;
        "search" delete_documents_alpha1(DeleteDocumentsRequestAlpha1) -> DeleteDocumentsResponseAlpha1;
        "search" search_alpha1(SearchRequestAlpha1) -> SearchResponseAlpha1;
        "vectors" create_collection_alpha1(CreateCollectionRequestAlpha1) -> ();
        "vectors" get_collection_alpha1(GetCollectionRequestAlpha1) -> GetCollectionResponseAlpha1;
        "vectors" list_collections_alpha1(ListCollectionsRequestAlpha1) -> ListCollectionsResponseAlpha1;
        "vectors" delete_collection_alpha1(DeleteCollectionRequestAlpha1) -> ();
        "vectors" upsert_vectors_alpha1(UpsertVectorsRequestAlpha1) -> UpsertVectorsResponseAlpha1;
        "vectors" delete_vectors_alpha1(DeleteVectorsRequestAlpha1) -> DeleteVectorsResponseAlpha1;
        "vectors" get_vectors_alpha1(GetVectorsRequestAlpha1) -> GetVectorsResponseAlpha1;
        "vectors" query_vectors_alpha1(QueryVectorsRequestAlpha1) -> QueryVectorsResponseAlpha1;
        "vectors" batch_query_vectors_alpha1(BatchQueryVectorsRequestAlpha1) -> BatchQueryVectorsResponseAlpha1;
    }
}

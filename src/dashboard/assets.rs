//! The files that pages refer to, carried in the binary. Their addresses contain the program's version and their
//! content's length, so that a browser may keep them for good.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use super::problem::Problem;

/// Name, media type, content.
const FILES: [(&str, &str, &str); 3] = [
    ("dashboard.css", "text/css; charset=utf-8", include_str!("../../templates/dashboard/dashboard.css")),
    (
        "dashboard.js",
        "text/javascript; charset=utf-8",
        include_str!("../../templates/dashboard/dashboard.js"),
    ),
    ("icon.svg", "image/svg+xml", include_str!("../../templates/dashboard/icon.svg")),
];

/// Where a page finds a file.
pub fn path(name: &str) -> String {
    let length = FILES.iter().find(|(own, ..)| *own == name).map_or(0, |(_, _, text)| text.len());
    format!("/assets/{}-{length}/{name}", env!("CARGO_PKG_VERSION"))
}

/// `GET /assets/{version}/{name}`.
pub async fn get(axum::extract::Path((_, name)): axum::extract::Path<(String, String)>) -> Response {
    match FILES.iter().find(|(own, ..)| *own == name) {
        Some((_, kind, text)) => {
            ([(CONTENT_TYPE, *kind), (CACHE_CONTROL, "public, max-age=31536000, immutable")], *text)
                .into_response()
        }
        None => Problem::not_found(format_args!("there is no file {name}")).json(),
    }
}

/// `GET /api/v1/openapi.json`: what the API is, for programs.
pub async fn description() -> Response {
    let text = include_str!("../../templates/dashboard/openapi.json");
    ([(CONTENT_TYPE, "application/json")], text).into_response()
}

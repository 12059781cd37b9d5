//! What goes wrong with a request, and how it is answered.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// A backing service that is away or silent, or a pool without a free connection.
#[derive(Debug)]
pub struct Unavailable(pub &'static str);

#[derive(Debug)]
pub enum ApiError {
    BadRequest(String),
    NotFound,
    MethodNotAllowed,
    Unavailable(Unavailable),
}

impl From<Unavailable> for ApiError {
    fn from(error: Unavailable) -> Self {
        Self::Unavailable(error)
    }
}

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        Self::BadRequest(rejection.body_text())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Body {
            error: String,
        }

        let (status, error) = match self {
            Self::BadRequest(text) => (StatusCode::BAD_REQUEST, text),
            Self::NotFound => (StatusCode::NOT_FOUND, "not found".to_owned()),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method not allowed".to_owned()),
            Self::Unavailable(Unavailable(text)) => (StatusCode::SERVICE_UNAVAILABLE, text.to_owned()),
        };
        (status, Json(Body { error })).into_response()
    }
}

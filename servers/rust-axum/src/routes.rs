//! The routes of the contract.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use axum_prometheus::{EndpointLabel, PrometheusMetricLayerBuilder};
use serde::{Deserialize, Serialize};

use crate::cache::{Cache, Entry, Source};
use crate::computing::Computing;
use crate::error::ApiError;
use crate::quotes::Quotes;
use crate::settings::whole_number;

pub struct Services {
    pub cache: Cache,
    pub quotes: Quotes,
    pub computing: Computing,
}

/// A query string as the contract reads it; what cannot be read is a JSON error like any other.
#[derive(FromRequestParts)]
#[from_request(via(Query), rejection(ApiError))]
struct Parameters<T>(T);

pub fn router(services: Services, metrics: bool) -> Router {
    let router = Router::new()
        .route("/api/health", get(health))
        .route("/api/compute", get(compute))
        .route("/api/cache", get(cached))
        .route("/api/db", get(database))
        .with_state(Arc::new(services));
    let router = if metrics { measured(router) } else { router };
    router.method_not_allowed_fallback(async || ApiError::MethodNotAllowed).fallback(async || ApiError::NotFound)
}

/// The same routes, counted and timed, and one that shows the numbers.
fn measured(router: Router) -> Router {
    let (layer, handle) = PrometheusMetricLayerBuilder::new()
        // Paths without a route are one label: whoever asks must not be able to add labels.
        .with_endpoint_label_type(EndpointLabel::MatchedPathWithFallbackFn(|_| "unmatched".to_owned()))
        .with_default_metrics()
        .build_pair();
    router.route("/metrics", get(async move || handle.render())).layer(layer)
}

async fn health() -> &'static str {
    "ok"
}

#[derive(Deserialize)]
struct ComputeParameters {
    n: Option<String>,
}

#[derive(Serialize)]
struct Computed {
    input: u32,
    result: u32,
    #[serde(rename = "elapsedMs")]
    elapsed_ms: f64,
}

async fn compute(
    State(services): State<Arc<Services>>,
    Parameters(parameters): Parameters<ComputeParameters>,
) -> Result<Json<Computed>, ApiError> {
    let input = parameters.n.map_or(Ok(40), |n| whole_parameter("n", &n, 0..=45))?;
    let (result, elapsed) = services.computing.fib(input).await?;
    Ok(Json(Computed { input, result, elapsed_ms: elapsed.as_micros() as f64 / 1000.0 }))
}

#[derive(Deserialize)]
struct CacheParameters {
    key: Option<String>,
}

#[derive(Serialize)]
struct Cached {
    source: Source,
    #[serde(flatten)]
    entry: Arc<Entry>,
}

async fn cached(
    State(services): State<Arc<Services>>,
    Parameters(parameters): Parameters<CacheParameters>,
) -> Result<Json<Cached>, ApiError> {
    let key = parameters.key.as_deref().unwrap_or("default");
    if key.is_empty() {
        return Err(ApiError::BadRequest("key: expected a value, found none".to_owned()));
    }
    let (source, entry) = services.cache.look_up(key).await?;
    Ok(Json(Cached { source, entry }))
}

#[derive(Deserialize)]
struct DatabaseParameters {
    count: Option<String>,
}

async fn database(
    State(services): State<Arc<Services>>,
    Parameters(parameters): Parameters<DatabaseParameters>,
) -> Result<Response, ApiError> {
    let Some(count) = parameters.count else {
        return Ok(Json(&services.quotes.draw(1).await?[0]).into_response());
    };
    let count = whole_parameter("count", &count, 1..=500)?;
    Ok(Json(services.quotes.draw(count as usize).await?).into_response())
}

fn whole_parameter(name: &str, text: &str, range: std::ops::RangeInclusive<u32>) -> Result<u32, ApiError> {
    whole_number(text).filter(|number| range.contains(number)).ok_or_else(|| {
        ApiError::BadRequest(format!("{name}: expected a whole number from {} to {}", range.start(), range.end()))
    })
}

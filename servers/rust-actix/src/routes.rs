//! The routes of the contract.

use std::sync::Arc;

use actix_web::web::{self, Data, Json, Query, QueryConfig, ServiceConfig};
use actix_web::{HttpResponse, Resource, Route};
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

pub fn routes(config: &mut ServiceConfig) {
    config
        .app_data(QueryConfig::default().error_handler(|error, _| ApiError::BadRequest(error.to_string()).into()))
        .service(resource("/api/health", web::get().to(health)))
        .service(resource("/api/compute", web::get().to(compute)))
        .service(resource("/api/cache", web::get().to(cached)))
        .service(resource("/api/db", web::get().to(database)))
        .default_service(web::to(async || Err::<&str, _>(ApiError::NotFound)));
}

/// A path with one method; the others are errors like any other.
fn resource(path: &str, route: Route) -> Resource {
    web::resource(path).route(route).default_service(web::to(async || Err::<&str, _>(ApiError::MethodNotAllowed)))
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

async fn compute(services: Data<Services>, parameters: Query<ComputeParameters>) -> Result<Json<Computed>, ApiError> {
    let input = parameters.n.as_deref().map_or(Ok(40), |n| whole_parameter("n", n, 0..=45))?;
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

async fn cached(services: Data<Services>, parameters: Query<CacheParameters>) -> Result<Json<Cached>, ApiError> {
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

async fn database(services: Data<Services>, parameters: Query<DatabaseParameters>) -> Result<HttpResponse, ApiError> {
    let Some(count) = &parameters.count else {
        return Ok(HttpResponse::Ok().json(&services.quotes.draw(1).await?[0]));
    };
    let count = whole_parameter("count", count, 1..=500)?;
    Ok(HttpResponse::Ok().json(services.quotes.draw(count as usize).await?))
}

fn whole_parameter(name: &str, text: &str, range: std::ops::RangeInclusive<u32>) -> Result<u32, ApiError> {
    whole_number(text).filter(|number| range.contains(number)).ok_or_else(|| {
        ApiError::BadRequest(format!("{name}: expected a whole number from {} to {}", range.start(), range.end()))
    })
}

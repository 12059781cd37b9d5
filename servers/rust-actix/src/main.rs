//! The endpoint contract in Actix Web.

mod cache;
mod computing;
mod error;
mod quotes;
mod routes;
mod settings;
mod work;

use std::env;
use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use actix_web::middleware::Condition;
use actix_web::web::Data;
use actix_web::{App, HttpServer, rt};
use actix_web_prom::{PrometheusMetrics, PrometheusMetricsBuilder};

use crate::cache::Cache;
use crate::computing::Computing;
use crate::quotes::Quotes;
use crate::routes::{Services, routes};
use crate::settings::Settings;

// Idle connections are the clients' to close.
const KEEP_ALIVE: Duration = Duration::from_secs(300);
// The contract's 5 s, with room for the operating system.
const GRACE_S: u64 = 3;

fn main() -> ExitCode {
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", env!("CARGO_PKG_NAME"));
            ExitCode::FAILURE
        }
    }
}

fn start() -> Result<(), Box<dyn Error>> {
    let settings = Settings::read(|name| Some(env::var_os(name)?.to_string_lossy().into_owned()))
        .map_err(|wrong| wrong.to_string())?;
    rt::System::new().block_on(serve(settings))
}

/// Serves until SIGTERM or SIGINT, for which Actix itself looks out.
async fn serve(settings: Settings) -> Result<(), Box<dyn Error>> {
    let address = (settings.bind, settings.port);
    // One of each for all workers.
    let services = Data::new(Services {
        cache: Cache::new(settings.cache)?,
        quotes: Quotes::new(settings.database),
        computing: Computing::new(settings.server_cpus),
    });
    let metrics = exporter().map_err(|error| error.to_string())?;

    let server = HttpServer::new(move || {
        App::new().app_data(services.clone()).configure(routes).wrap(Condition::new(settings.metrics, metrics.clone()))
    });
    let server =
        server.workers(settings.server_cpus).keep_alive(KEEP_ALIVE).tcp_nodelay(true).shutdown_timeout(GRACE_S);
    server.bind(address).map_err(|error| format!("{address:?}: {error}"))?.run().await?;
    Ok(())
}

/// What counts and times the requests of all workers, and shows the numbers.
fn exporter() -> Result<PrometheusMetrics, Box<dyn Error + Send + Sync>> {
    PrometheusMetricsBuilder::new("rust_actix")
        .endpoint("/metrics")
        // Paths without a route are one label: whoever asks must not be able to add labels.
        .mask_unmatched_patterns("unmatched")
        .build()
}

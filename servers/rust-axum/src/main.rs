//! The endpoint contract in Axum.

mod cache;
mod computing;
mod error;
mod quotes;
mod routes;
mod settings;
mod work;

use std::env;
use std::error::Error;
use std::future::IntoFuture;
use std::process::ExitCode;
use std::time::Duration;

use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

use crate::cache::Cache;
use crate::computing::Computing;
use crate::quotes::Quotes;
use crate::routes::{Services, router};
use crate::settings::Settings;

// The contract's 5 s, with room for the operating system.
const GRACE: Duration = Duration::from_secs(3);

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
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(settings.server_cpus).enable_all().build()?;
    let served = runtime.block_on(serve(settings));
    // What still computes is not waited for.
    runtime.shutdown_background();
    served
}

async fn serve(settings: Settings) -> Result<(), Box<dyn Error>> {
    let address = (settings.bind, settings.port);
    let services = Services {
        cache: Cache::new(settings.cache)?,
        quotes: Quotes::new(settings.database),
        computing: Computing::new(settings.server_cpus),
    };
    let listener = TcpListener::bind(address).await.map_err(|error| format!("{address:?}: {error}"))?;
    // Answers are small and whole: nothing is gained by holding one back for more.
    let listener = listener.tap_io(|connection| drop(connection.set_nodelay(true)));
    let serving = axum::serve(listener, router(services, settings.metrics)).with_graceful_shutdown(told_to_end());
    tokio::select! {
        ended = serving.into_future() => Ok(ended?),
        // Requests that wait are answered; connections that never end their request are not waited for.
        () = async { told_to_end().await; sleep(GRACE).await } => Ok(()),
    }
}

async fn told_to_end() {
    let mut terminate = signal(SignalKind::terminate()).expect("SIGTERM can be caught");
    let mut interrupt = signal(SignalKind::interrupt()).expect("SIGINT can be caught");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

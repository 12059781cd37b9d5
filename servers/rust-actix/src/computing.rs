//! Where what is asked for is computed.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::error::Unavailable;
use crate::work::timed_fib;

// Up to here, in a quarter of a millisecond, it is done sooner than handed to another thread and fetched back.
const SHORT_UP_TO: u32 = 25;

/// As many long computations at a time as there are cores to use, beside the runtime's threads.
pub struct Computing(Arc<Semaphore>);

impl Computing {
    pub fn new(cores: usize) -> Self {
        Self(Arc::new(Semaphore::new(cores)))
    }

    /// A Fibonacci number and the time it took.
    pub async fn fib(&self, n: u32) -> Result<(u32, Duration), Unavailable> {
        if n <= SHORT_UP_TO {
            return Ok(timed_fib(n));
        }
        let core = Arc::clone(&self.0).acquire_owned().await.expect("the semaphore is never closed");
        // Seconds of it must not keep the runtime's threads from other requests.
        let computed = spawn_blocking(move || {
            let _core = core;
            timed_fib(n)
        });
        computed.await.map_err(|_| Unavailable("the service is about to end"))
    }
}

//! The cache: none, in this process, or in Redis.

use std::sync::Arc;
use std::time::Duration;

use chrono::{SecondsFormat, Utc};
use moka::future::Cache as Memory;
use moka::policy::EvictionPolicy;
use redis::AsyncCommands;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::io::tcp::TcpSettings;
use redis::{Client, ConnectionInfo, ProtocolVersion, RedisResult};
use serde::{Deserialize, Serialize};
use tokio::time::{sleep, timeout};

use crate::error::Unavailable;
use crate::settings::{CacheBackend, CacheSettings};
use crate::work::origin_value;

// Bounds the memory of the process whatever keys are asked for.
const MEMORY_ENTRIES: u64 = 100_000;
const REDIS_PREFIX: &str = "fastserve:";
const REDIS_WAIT: Duration = Duration::from_millis(900);

/// What is stored for a key, in Redis as it is answered.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub value: String,
    #[serde(rename = "cachedAt")]
    pub cached_at: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    Origin,
    Cache,
}

pub struct Cache {
    store: Store,
    miss: Duration,
    ttl_s: u32,
}

enum Store {
    None,
    Memory(Memory<String, Arc<Entry>>),
    // One connection that all requests share: what they send together goes out together.
    Redis(ConnectionManager),
}

impl Cache {
    /// Must be called inside the runtime. Redis is connected to by the first request that needs it.
    pub fn new(settings: CacheSettings) -> RedisResult<Self> {
        let store = match settings.backend {
            CacheBackend::None => Store::None,
            CacheBackend::Memory => Store::Memory(memory(settings.ttl_s)),
            CacheBackend::Redis(info) => Store::Redis(connection(*info)?),
        };
        Ok(Self { store, miss: settings.miss, ttl_s: settings.ttl_s })
    }

    /// Looks a key up, asking the slow origin on a miss.
    pub async fn look_up(&self, key: &str) -> Result<(Source, Arc<Entry>), Unavailable> {
        if let Some(entry) = self.get(key).await? {
            return Ok((Source::Cache, entry));
        }
        // Requests that miss the same key together each wait and each store: nothing is shared but the cache.
        sleep(self.miss).await;
        let cached_at = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
        let entry = Arc::new(Entry { value: origin_value(key), cached_at });
        self.put(key, &entry).await?;
        Ok((Source::Origin, entry))
    }

    async fn get(&self, key: &str) -> Result<Option<Arc<Entry>>, Unavailable> {
        match &self.store {
            Store::None => Ok(None),
            Store::Memory(memory) => Ok(memory.get(key).await),
            Store::Redis(manager) => {
                let mut redis = manager.clone();
                let found: Option<Vec<u8>> = answered(redis.get(redis_key(key))).await?;
                // What is no entry is as good as none: it gets written anew.
                Ok(found.and_then(|text| serde_json::from_slice(&text).ok()).map(Arc::new))
            }
        }
    }

    async fn put(&self, key: &str, entry: &Arc<Entry>) -> Result<(), Unavailable> {
        match &self.store {
            Store::None => Ok(()),
            Store::Memory(memory) => {
                memory.insert(key.to_owned(), Arc::clone(entry)).await;
                Ok(())
            }
            Store::Redis(manager) => {
                let text = serde_json::to_vec(entry.as_ref()).expect("an entry is two texts");
                let mut redis = manager.clone();
                answered(redis.set_ex(redis_key(key), text, self.ttl_s.into())).await
            }
        }
    }
}

fn memory(ttl_s: u32) -> Memory<String, Arc<Entry>> {
    Memory::builder()
        .max_capacity(MEMORY_ENTRIES)
        .time_to_live(Duration::from_secs(ttl_s.into()))
        // The default policy would rather refuse a new entry than drop one that was asked for more often.
        .eviction_policy(EvictionPolicy::lru())
        .build()
}

fn connection(info: ConnectionInfo) -> RedisResult<ConnectionManager> {
    // A peer that vanished without a word is noticed by what it does not acknowledge.
    let tcp = TcpSettings::default().set_nodelay(true).set_user_timeout(Duration::from_secs(2));
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(REDIS_WAIT))
        .set_response_timeout(Some(REDIS_WAIT))
        // Until Redis is back, so that no request has to find out that it is. With jitter the delay is up to twice this.
        .set_number_of_retries(usize::MAX)
        .set_max_delay(Duration::from_millis(400));
    // By the third protocol the manager hears at once of a connection that ends while nobody asks.
    let protocol = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    let info = info.set_tcp_settings(tcp).set_redis_settings(protocol);
    ConnectionManager::new_lazy_with_config(Client::open(info)?, config)
}

fn redis_key(key: &str) -> String {
    format!("{REDIS_PREFIX}{key}")
}

/// The answer to a command, unless connecting and asking take too long together.
async fn answered<T>(command: impl Future<Output = RedisResult<T>>) -> Result<T, Unavailable> {
    match timeout(REDIS_WAIT, command).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_)) => Err(Unavailable("Redis is away")),
        Err(_) => Err(Unavailable("Redis did not answer in time")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(backend: CacheBackend) -> Cache {
        Cache::new(CacheSettings { backend, miss: Duration::from_millis(1), ttl_s: 60 }).unwrap()
    }

    #[tokio::test]
    async fn memory_answers_what_it_stored() {
        let cache = cache(CacheBackend::Memory);

        let (first, stored) = cache.look_up("a").await.unwrap();
        let (second, found) = cache.look_up("a").await.unwrap();

        assert_eq!((first, second), (Source::Origin, Source::Cache));
        assert_eq!(stored, found);
    }

    #[tokio::test]
    async fn without_a_cache_every_look_up_is_a_miss() {
        let cache = cache(CacheBackend::None);

        for _ in 0..2 {
            assert_eq!(cache.look_up("a").await.unwrap().0, Source::Origin);
        }
    }

    #[test]
    fn an_entry_is_compact_json_in_the_contracts_order() {
        let entry = Entry { value: "v".to_owned(), cached_at: "2026-01-02T03:04:05.006Z".to_owned() };

        let text = serde_json::to_string(&entry).unwrap();

        assert_eq!(text, r#"{"value":"v","cachedAt":"2026-01-02T03:04:05.006Z"}"#);
    }
}

//! The settings of the contract, read from the environment and checked before anything starts.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use redis::{ConnectionInfo, IntoConnectionInfo};
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};
use url::Url;

use crate::quotes::check_database;

const REDIS_FORM: &str = "redis://[user][:password@]host:port/number";
const MYSQL_FORM: &str = "mysql://user:password@host:port/database";

/// What this service was told.
#[derive(Debug)]
pub struct Settings {
    pub port: u16,
    pub bind: IpAddr,
    pub server_cpus: usize,
    pub cache: CacheSettings,
    pub database: DatabaseSettings,
    pub metrics: bool,
}

#[derive(Debug)]
pub struct CacheSettings {
    pub backend: CacheBackend,
    pub miss: Duration,
    pub ttl_s: u32,
}

#[derive(Debug)]
pub enum CacheBackend {
    None,
    Memory,
    Redis(Box<ConnectionInfo>),
}

#[derive(Debug)]
pub struct DatabaseSettings {
    pub backend: DatabaseBackend,
    pub pool_size: u32,
}

#[derive(Debug)]
pub enum DatabaseBackend {
    Sqlite(PathBuf),
    Mysql(Box<MySqlConnectOptions>),
}

/// A setting that is missing or cannot be used: one line for the operator.
#[derive(Debug)]
pub struct WrongSetting(String);

impl fmt::Display for WrongSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Settings {
    /// Reads all settings through a look-up by name; the first that is wrong is the error.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, WrongSetting> {
        let variables = Variables(lookup);
        let settings = Self {
            port: variables.whole("PORT", None, 1..=65535)?,
            bind: variables.address("BIND", "127.0.0.1")?,
            server_cpus: variables.whole("SERVER_CPUS", Some(1), 1..=1024)?,
            cache: variables.cache()?,
            database: variables.database()?,
            metrics: variables.one_of("METRICS", &["none", "full"])? == "full",
        };
        if let DatabaseBackend::Sqlite(path) = &settings.database.backend {
            check_database(path).map_err(|found| {
                wrong("SQLITE_PATH", "a database with a table quotes", &format!("{found} in {path:?}"))
            })?;
        }
        Ok(settings)
    }
}

struct Variables<F>(F);

impl<F: Fn(&str) -> Option<String>> Variables<F> {
    fn cache(&self) -> Result<CacheSettings, WrongSetting> {
        let backend = match self.one_of("CACHE_BACKEND", &["memory", "none", "redis"])?.as_str() {
            "redis" => CacheBackend::Redis(Box::new(self.redis("REDIS_URL")?)),
            "memory" => CacheBackend::Memory,
            _ => CacheBackend::None,
        };
        let miss_ms: u32 = self.whole("CACHE_MISS_MS", Some(2000), 0..=60000)?;
        let ttl_s = self.whole("CACHE_TTL_S", Some(60), 1..=86400)?;
        Ok(CacheSettings { backend, miss: Duration::from_millis(miss_ms.into()), ttl_s })
    }

    fn database(&self) -> Result<DatabaseSettings, WrongSetting> {
        let backend = match self.one_of("DB_BACKEND", &["sqlite", "mysql"])?.as_str() {
            "mysql" => DatabaseBackend::Mysql(Box::new(self.mysql("MYSQL_URL")?)),
            _ => DatabaseBackend::Sqlite(self.needed("SQLITE_PATH", "the path of a database")?.into()),
        };
        Ok(DatabaseSettings { backend, pool_size: self.whole("DB_POOL_SIZE", Some(10), 1..=10000)? })
    }

    fn get(&self, name: &str) -> Option<String> {
        self.0(name)
    }

    fn needed(&self, name: &str, expected: &str) -> Result<String, WrongSetting> {
        self.get(name).filter(|value| !value.is_empty()).ok_or_else(|| wrong(name, expected, "none"))
    }

    fn whole<T>(
        &self,
        name: &str,
        default: Option<u32>,
        range: std::ops::RangeInclusive<u32>,
    ) -> Result<T, WrongSetting>
    where
        T: TryFrom<u32>,
    {
        let value = self.get(name).or(default.map(|number| number.to_string()));
        value
            .as_deref()
            .and_then(whole_number)
            .filter(|number| range.contains(number))
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(|| {
                let expected = format!("a whole number from {} to {}", range.start(), range.end());
                wrong(name, &expected, &shown(value.as_deref()))
            })
    }

    fn address(&self, name: &str, default: &str) -> Result<IpAddr, WrongSetting> {
        let value = self.get(name).unwrap_or_else(|| default.to_owned());
        value.parse().map_err(|_| wrong(name, "an IP address", &shown(Some(&value))))
    }

    /// One of some levels, by default the first.
    fn one_of(&self, name: &str, levels: &[&str]) -> Result<String, WrongSetting> {
        let value = self.get(name).unwrap_or_else(|| levels[0].to_owned());
        if levels.contains(&value.as_str()) {
            return Ok(value);
        }
        Err(wrong(name, &levels.join(" or "), &shown(Some(&value))))
    }

    fn redis(&self, name: &str) -> Result<ConnectionInfo, WrongSetting> {
        let url = self.service(name, "redis", REDIS_FORM)?;
        let number = url.path().strip_prefix('/').and_then(whole_number);
        let info = number.and_then(|_| url.into_connection_info().ok());
        info.ok_or_else(|| wrong(name, REDIS_FORM, "another form"))
    }

    fn mysql(&self, name: &str) -> Result<MySqlConnectOptions, WrongSetting> {
        let url = self.service(name, "mysql", MYSQL_FORM)?;
        let database = url.path().strip_prefix('/').filter(|path| !path.is_empty() && !path.contains('/'));
        let whole = database.is_some() && !url.username().is_empty() && url.password().is_some();
        let options = whole.then(|| url.as_str().parse::<MySqlConnectOptions>().ok()).flatten();
        // Encryption is the network's matter here, and the same for every target: none.
        let options = options.map(|options| options.ssl_mode(MySqlSslMode::Disabled));
        options.ok_or_else(|| wrong(name, MYSQL_FORM, "another form"))
    }

    /// The address of a backing service. It may hold a password, so no message shows what was found.
    fn service(&self, name: &str, scheme: &str, form: &str) -> Result<Url, WrongSetting> {
        let value = self.needed(name, form)?;
        let url = Url::parse(&value).ok().filter(|url| {
            let placed = url.host_str().is_some_and(|host| !host.is_empty()) && url.port().is_some_and(|port| port > 0);
            url.scheme() == scheme && placed && url.query().is_none() && url.fragment().is_none()
        });
        url.ok_or_else(|| wrong(name, form, "another form"))
    }
}

/// The contract's whole number: one to nine ASCII digits.
pub fn whole_number(text: &str) -> Option<u32> {
    let digits = (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

fn shown(value: Option<&str>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| format!("{value:?}"))
}

fn wrong(name: &str, expected: &str, found: &str) -> WrongSetting {
    WrongSetting(format!("{name}: expected {expected}, found {found}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(changes: &[(&str, &str)]) -> Result<Settings, String> {
        let told = [("PORT", "8080"), ("DB_BACKEND", "mysql"), ("MYSQL_URL", "mysql://u:p@127.0.0.1:3306/fastserve")];
        Settings::read(|name| {
            let mut all = changes.iter().chain(&told);
            all.find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
        .map_err(|error| error.to_string())
    }

    #[test]
    fn defaults_are_those_of_the_contract() {
        let settings = read(&[]).unwrap();

        assert_eq!(settings.bind.to_string(), "127.0.0.1");
        assert_eq!((settings.server_cpus, settings.database.pool_size), (1, 10));
        assert_eq!((settings.cache.miss, settings.cache.ttl_s), (Duration::from_secs(2), 60));
        assert!(matches!(settings.cache.backend, CacheBackend::Memory));
        assert!(!settings.metrics);
    }

    #[test]
    fn a_wrong_setting_is_named() {
        for (name, value) in [
            ("PORT", "65536"),
            ("BIND", "nowhere"),
            ("SERVER_CPUS", "0.5"),
            ("CACHE_MISS_MS", ""),
            ("DB_POOL_SIZE", "0"),
            ("METRICS", "some"),
            ("MYSQL_URL", "mysql://u:secret@127.0.0.1/fastserve"),
            ("MYSQL_URL", "mysql://u:secret@127.0.0.1:3306"),
        ] {
            let error = read(&[(name, value)]).unwrap_err();

            assert!(error.starts_with(&format!("{name}: expected ")), "{error}");
            assert!(!error.contains("secret"));
        }
    }

    #[test]
    fn a_redis_url_has_the_contracts_form() {
        for (url, right) in [
            ("redis://127.0.0.1:6379/0", true),
            ("redis://:word@127.0.0.1:6379/0", true),
            ("redis://127.0.0.1:6379", false),
            ("redis://127.0.0.1:6379/first", false),
            ("http://127.0.0.1:6379/0", false),
        ] {
            assert_eq!(read(&[("CACHE_BACKEND", "redis"), ("REDIS_URL", url)]).is_ok(), right, "{url}");
        }
    }

    #[test]
    fn whole_numbers_are_one_to_nine_ascii_digits() {
        assert_eq!(whole_number("007"), Some(7));
        for text in ["", "+5", " 5", "5.0", "1_0", "-1", "٣", "1234567890"] {
            assert_eq!(whole_number(text), None, "{text:?}");
        }
    }
}

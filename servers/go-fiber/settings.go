package main

import (
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/redis/go-redis/v9"
)

// backingWait bounds each wait for a free connection, for a new one, and for the answer to one query or command.
const backingWait = 900 * time.Millisecond

// settings is what this service was told; redis and mysql are nil where nothing needs them.
type settings struct {
	address      string
	serverCPUs   int
	cacheBackend string
	redis        *redis.Options
	cacheMiss    time.Duration
	cacheTTL     time.Duration
	dbBackend    string
	sqlitePath   string
	mysql        *mysql.Config
	dbPoolSize   int
	metrics      bool
}

// readSettings reads all settings from the environment; the error names the first that is wrong.
func readSettings(lookup func(string) (string, bool)) (settings, error) {
	env := environment{lookup: lookup}
	port := env.whole("PORT", "", 1, 65535)
	read := settings{
		address:      net.JoinHostPort(env.ipAddress("BIND", "127.0.0.1"), strconv.Itoa(port)),
		serverCPUs:   env.whole("SERVER_CPUS", "1", 1, 1024),
		cacheBackend: env.choice("CACHE_BACKEND", "memory", "none", "redis"),
		cacheMiss:    time.Duration(env.whole("CACHE_MISS_MS", "2000", 0, 60000)) * time.Millisecond,
		cacheTTL:     time.Duration(env.whole("CACHE_TTL_S", "60", 1, 86400)) * time.Second,
		dbBackend:    env.choice("DB_BACKEND", "sqlite", "mysql"),
		dbPoolSize:   env.whole("DB_POOL_SIZE", "10", 1, 10000),
		metrics:      env.choice("METRICS", "none", "full") == "full",
	}
	if read.cacheBackend == "redis" {
		read.redis = env.redisOptions("REDIS_URL")
	}
	if read.dbBackend == "mysql" {
		read.mysql = env.mysqlConfig("MYSQL_URL")
	} else {
		read.sqlitePath = env.needed("SQLITE_PATH")
	}
	if env.err == nil && read.dbBackend == "sqlite" {
		env.err = checkDatabase(read.sqlitePath)
	}
	return read, env.err
}

// environment reads single settings and keeps the first error.
type environment struct {
	lookup func(string) (string, bool)
	err    error
}

func (e *environment) wrong(name, expected, found string) {
	if e.err == nil {
		e.err = fmt.Errorf("%s: expected %s, found %s", name, expected, found)
	}
}

func (e *environment) get(name, fallback string) string {
	if value, ok := e.lookup(name); ok {
		return value
	}
	return fallback
}

func (e *environment) needed(name string) string {
	value := e.get(name, "")
	if value == "" {
		e.wrong(name, "a value", "none")
	}
	return value
}

func (e *environment) whole(name, fallback string, least, most int) int {
	value := e.get(name, fallback)
	number, ok := wholeNumber(value, least, most)
	if !ok {
		e.wrong(name, fmt.Sprintf("a whole number from %d to %d", least, most), strconv.Quote(value))
	}
	return number
}

func (e *environment) ipAddress(name, fallback string) string {
	value := e.get(name, fallback)
	if _, err := netip.ParseAddr(value); err != nil {
		e.wrong(name, "an IP address", strconv.Quote(value))
	}
	return value
}

func (e *environment) choice(name, fallback string, others ...string) string {
	value, known := e.get(name, fallback), append([]string{fallback}, others...)
	if !slices.Contains(known, value) {
		e.wrong(name, strings.Join(known, " or "), strconv.Quote(value))
	}
	return value
}

func (e *environment) redisOptions(name string) *redis.Options {
	found := e.serviceURL(name, "redis://[user][:password@]host:port/number", func(u *url.URL) bool {
		_, ok := wholeNumber(strings.TrimPrefix(u.Path, "/"), 0, 999_999_999)
		return u.Scheme == "redis" && ok
	})
	if found == nil {
		return nil
	}
	database, _ := wholeNumber(found.Path[1:], 0, 999_999_999)
	password, _ := found.User.Password()
	return &redis.Options{Addr: found.Host, Username: found.User.Username(), Password: password, DB: database}
}

func (e *environment) mysqlConfig(name string) *mysql.Config {
	found := e.serviceURL(name, "mysql://user:password@host:port/database", func(u *url.URL) bool {
		database := strings.TrimPrefix(u.Path, "/")
		return u.Scheme == "mysql" && u.User.Username() != "" && database != "" && !strings.Contains(database, "/")
	})
	if found == nil {
		return nil
	}
	config := mysql.NewConfig()
	config.Net, config.Addr, config.DBName = "tcp", found.Host, found.Path[1:]
	config.User = found.User.Username()
	config.Passwd, _ = found.User.Password()
	return config
}

// serviceURL returns the URL of a backing service, nil when it is wrong; what was found may hold a password.
func (e *environment) serviceURL(name, form string, right func(*url.URL) bool) *url.URL {
	value := e.needed(name)
	found, err := url.Parse(value)
	if err != nil || found.Hostname() == "" || !right(found) || found.RawQuery != "" || found.Fragment != "" {
		e.wrong(name, form, "another form")
		return nil
	}
	if _, ok := wholeNumber(found.Port(), 1, 65535); !ok {
		e.wrong(name, form, "no port from 1 to 65535")
		return nil
	}
	return found
}

// checkDatabase returns an error unless a path is an SQLite file with quotes in it.
func checkDatabase(path string) error {
	const check = "SELECT count(id), count(author), count(content) FROM quotes"
	db, err := sql.Open("sqlite3", sqliteName(path))
	if err != nil {
		return err
	}
	var ids, authors, contents int
	err = errors.Join(db.QueryRow(check).Scan(&ids, &authors, &contents), db.Close())
	if err != nil {
		return fmt.Errorf("SQLITE_PATH: expected a database with a table quotes, found %q: %w", path, err)
	}
	if ids == 0 {
		return fmt.Errorf("SQLITE_PATH: expected quotes, found none in %q", path)
	}
	return nil
}

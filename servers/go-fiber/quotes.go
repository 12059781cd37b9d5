package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"math/rand/v2"
	"net/url"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/go-sql-driver/mysql"
	_ "github.com/mattn/go-sqlite3" // registers the driver "sqlite3"
	"golang.org/x/sync/semaphore"
)

const (
	quoteByID  = "SELECT id, author, content FROM quotes WHERE id = ?"
	quoteCount = 1000
	// What the driver's authors advise: shorter than any time after which something on the way drops a connection.
	mysqlLifetime = 3 * time.Minute
)

// quote is one row, in the order of its JSON.
type quote struct {
	ID      int    `json:"id"`
	Author  string `json:"author"`
	Content string `json:"content"`
}

// quotes reads random rows over at most DB_POOL_SIZE connections.
//
// database/sql waits for a free connection as long as the context of a query allows, and for a context that can end it
// starts two goroutines a query (one of its own, one of the driver's), which cost more than a query of SQLite. So the
// wait is bounded before, by a semaphore of the pool's size, and the answer by the driver's own timeouts.
type quotes struct {
	db        *sql.DB
	free      *semaphore.Weighted
	statement atomic.Pointer[sql.Stmt]
}

// openQuotes makes the pool; no connection is opened yet, so a MySQL that is away is none of its business.
func openQuotes(s settings) (*quotes, error) {
	db, err := openDatabase(s)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(s.dbPoolSize)
	// By default all but two would be closed after each use.
	db.SetMaxIdleConns(s.dbPoolSize)
	return &quotes{db: db, free: semaphore.NewWeighted(int64(s.dbPoolSize))}, nil
}

func openDatabase(s settings) (*sql.DB, error) {
	if s.mysql == nil {
		return sql.Open("sqlite3", sqliteName(s.sqlitePath))
	}
	config := s.mysql.Clone()
	config.Timeout, config.ReadTimeout, config.WriteTimeout = backingWait, backingWait, backingWait
	// Lost connections show as 503; a line for each would flood the log of an outage.
	config.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(boundedConnector{connector})
	db.SetConnMaxLifetime(mysqlLifetime)
	return db, nil
}

// boundedConnector bounds dialling and greeting together, where the driver's timeouts bound each part.
type boundedConnector struct{ driver.Connector }

func (c boundedConnector) Connect(ctx context.Context) (driver.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, backingWait)
	defer cancel()
	return c.Connector.Connect(ctx)
}

// sqliteName returns a path as the name of a database that is only read, and whose shared lock is kept from the first
// query on. database/sql lends a connection to one user at a time, so SQLite's own mutex is left out.
func sqliteName(path string) string {
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	options := "mode=ro&_locking_mode=EXCLUSIVE&_mutex=no"
	return (&url.URL{Scheme: "file", Path: path, RawQuery: options}).String()
}

// draw reads count random rows, each by a query of its own.
func (q *quotes) draw(count int) ([]quote, error) {
	if err := q.acquire(); err != nil {
		return nil, err
	}
	defer q.free.Release(1)
	statement, err := q.prepared()
	if err != nil {
		return nil, fmt.Errorf("prepare the query of quotes: %w", err)
	}
	rows := make([]quote, count)
	for i := range rows {
		row := &rows[i]
		err := statement.QueryRow(rand.IntN(quoteCount)+1).Scan(&row.ID, &row.Author, &row.Content)
		if err != nil {
			return nil, fmt.Errorf("read a quote: %w", err)
		}
	}
	return rows, nil
}

// acquire takes one of the pool's places, which is given back after the last query of a request.
func (q *quotes) acquire() error {
	if q.free.TryAcquire(1) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), backingWait)
	defer cancel()
	if err := q.free.Acquire(ctx, 1); err != nil {
		return fmt.Errorf("wait for a connection: %w", err)
	}
	return nil
}

// prepared returns the statement, made at its first use since a database may be away at start. database/sql prepares
// it again on each further connection.
func (q *quotes) prepared() (*sql.Stmt, error) {
	if statement := q.statement.Load(); statement != nil {
		return statement, nil
	}
	statement, err := q.db.Prepare(quoteByID)
	if err != nil {
		return nil, err
	}
	if !q.statement.CompareAndSwap(nil, statement) {
		// Another request was faster.
		_ = statement.Close()
	}
	return q.statement.Load(), nil
}

func (q *quotes) close() { _ = q.db.Close() }

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/golang-lru/v2/expirable"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

const (
	// Bounds the memory of the process whatever keys are asked for; the least recently used go first.
	memoryEntries = 100_000
	redisPrefix   = "fastserve:"
)

// entry is what a cache holds for a key, in the order of its JSON.
type entry struct {
	Value    string `json:"value"`
	CachedAt string `json:"cachedAt"`
}

// cache holds entries for CACHE_TTL_S seconds; an error says that it is away.
type cache interface {
	get(key string) (entry, bool, error)
	put(key string, stored entry) error
}

func openCache(s settings) cache {
	switch s.cacheBackend {
	case "memory":
		return memoryCache{expirable.NewLRU[string, entry](memoryEntries, nil, s.cacheTTL)}
	case "redis":
		return newRedisCache(*s.redis, s.cacheTTL)
	default:
		return noCache{}
	}
}

// noCache makes every request a miss.
type noCache struct{}

func (noCache) get(string) (entry, bool, error) { return entry{}, false, nil }
func (noCache) put(string, entry) error         { return nil }

// memoryCache belongs to this process.
type memoryCache struct{ entries *expirable.LRU[string, entry] }

func (c memoryCache) get(key string) (entry, bool, error) {
	found, ok := c.entries.Get(key)
	return found, ok, nil
}

func (c memoryCache) put(key string, stored entry) error {
	c.entries.Add(key, stored)
	return nil
}

// redisCache holds each entry as one string of JSON.
type redisCache struct {
	client *redis.Client
	ttl    time.Duration
}

func newRedisCache(options redis.Options, ttl time.Duration) redisCache {
	// Lost connections show as 503; a line for each would flood the log of an outage.
	logging.Disable()
	// Nothing is asked twice, neither commands nor connections.
	options.MaxRetries, options.DialerRetries = -1, 1
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout = backingWait, backingWait, backingWait
	options.PoolTimeout = backingWait
	// The deadline of a command bounds waiting, dialling, greeting and answer together.
	options.ContextTimeoutEnabled = true
	// Announcements of maintenance are a matter of managed clusters.
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return redisCache{client: redis.NewClient(&options), ttl: ttl}
}

func (c redisCache) get(key string) (entry, bool, error) {
	ctx, cancel := context.WithTimeout(context.Background(), backingWait)
	defer cancel()
	text, err := c.client.Get(ctx, redisPrefix+key).Bytes()
	if errors.Is(err, redis.Nil) {
		return entry{}, false, nil
	}
	if err != nil {
		return entry{}, false, fmt.Errorf("get an entry: %w", err)
	}
	var found entry
	if err := json.Unmarshal(text, &found); err != nil {
		return entry{}, false, fmt.Errorf("read an entry: %w", err)
	}
	return found, true, nil
}

func (c redisCache) put(key string, stored entry) error {
	text, err := json.Marshal(stored)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), backingWait)
	defer cancel()
	if err := c.client.Set(ctx, redisPrefix+key, text, c.ttl).Err(); err != nil {
		return fmt.Errorf("set an entry: %w", err)
	}
	return nil
}

package main

import (
	"strings"
	"testing"
)

func settingsFrom(values map[string]string) (settings, error) {
	return readSettings(func(name string) (string, bool) {
		value, ok := values[name]
		return value, ok
	})
}

func TestURLsOfBackingServicesAreTakenApart(t *testing.T) {
	read, err := settingsFrom(map[string]string{
		"PORT": "80", "BIND": "::1", "CACHE_BACKEND": "redis", "DB_BACKEND": "mysql",
		"REDIS_URL": "redis://:p%40ss@[::1]:6379/2", "MYSQL_URL": "mysql://me:p%2Fss@db:3306/quotes",
	})
	if err != nil {
		t.Fatal(err)
	}
	if read.address != "[::1]:80" {
		t.Errorf("address is %s", read.address)
	}
	if r := read.redis; r.Addr != "[::1]:6379" || r.Password != "p@ss" || r.DB != 2 {
		t.Errorf("Redis is at %s, database %d, password %s", r.Addr, r.DB, r.Password)
	}
	if m := read.mysql; m.Addr != "db:3306" || m.User != "me" || m.Passwd != "p/ss" || m.DBName != "quotes" {
		t.Errorf("MySQL is at %s, database %s, user %s, password %s", m.Addr, m.DBName, m.User, m.Passwd)
	}
}

func TestAWrongSettingIsNamedInOneLine(t *testing.T) {
	for name, value := range map[string]string{
		"PORT": "65536", "BIND": "nowhere\n", "SERVER_CPUS": "", "CACHE_BACKEND": "disk", "CACHE_MISS_MS": "-1",
		"CACHE_TTL_S": "0", "DB_BACKEND": "none", "DB_POOL_SIZE": "1e3", "METRICS": "some",
		"MYSQL_URL": "mysql://me:secret@db/quotes",
	} {
		values := map[string]string{"PORT": "80", "DB_BACKEND": "mysql", "MYSQL_URL": "mysql://me:secret@db:1/quotes"}
		values[name] = value
		_, err := settingsFrom(values)
		if err == nil || !strings.HasPrefix(err.Error(), name+": expected ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s=%q gives %v", name, value, err)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("a password is shown: %v", err)
		}
	}
}

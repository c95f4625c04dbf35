package redisdb_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/internal/redistest"
	"github.com/enshi-daily/enshi/store/redisdb"
)

func TestOpenSaysThatNothingAnswers(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, "Listen", err)
	silent := listener.Addr().String() // accepts, never answers
	defer listener.Close()
	for name, url := range map[string]string{
		"no socket":   "unix://" + filepath.Join(t.TempDir(), "none.sock"),
		"no listener": "redis://user:topsecret@127.0.0.1:1/0",
		"silence":     "redis://user:topsecret@" + silent,
	} {
		t.Run(name, func(t *testing.T) {
			begin := time.Now()
			_, err := redisdb.Open(t.Context(), redisdb.Options{URL: url})
			if err == nil {
				t.Fatal("Open succeeded")
			}
			if took := time.Since(begin); took > 8*time.Second {
				t.Errorf("Open took %v", took)
			}
			where, _ := redisdb.Where(url)
			for _, want := range []string{where, "cannot be reached", "is it running"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "topsecret") {
				t.Errorf("error %q gives the password away", err)
			}
		})
	}
}

func TestOpenSaysThatThePasswordIsWrong(t *testing.T) {
	db, server := start(t)
	check(t, "ACL", db.Client().Do(t.Context(), "acl", "setuser", "enshi", "on", ">right", "~*", "&*", "+@all").Err())
	url := func(password string) string {
		return strings.Replace(server.URL(), "unix://", "unix://enshi:"+password+"@", 1)
	}
	open(t, redisdb.Options{URL: url("right"), Prefix: "acl:"})
	_, err := redisdb.Open(t.Context(), redisdb.Options{URL: url("wrongone")})
	if err == nil || !strings.Contains(err.Error(), "refuses the user or password") || strings.Contains(err.Error(), "wrongone") {
		t.Errorf("Open with a wrong password = %v, want an error that says so, without the password", err)
	}
}

// oldServer answers as a server of that version would.
func oldServer(t *testing.T, version string) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, "Listen", err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go answer(conn, version)
		}
	}()
	return "redis://" + listener.Addr().String()
}

func answer(conn net.Conn, version string) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for {
		var n int
		if _, err := fmt.Fscanf(in, "*%d\r\n", &n); err != nil {
			return
		}
		words := make([]string, n)
		for i := range words {
			var size int
			if _, err := fmt.Fscanf(in, "$%d\r\n", &size); err != nil {
				return
			}
			word := make([]byte, size+2)
			if _, err := io.ReadFull(in, word); err != nil {
				return
			}
			words[i] = string(word[:size])
		}
		reply := "-ERR unknown command\r\n"
		if strings.EqualFold(words[0], "info") {
			text := "# Server\r\nredis_version:" + version + "\r\nredis_mode:standalone\r\n"
			reply = fmt.Sprintf("$%d\r\n%s\r\n", len(text), text)
		}
		if _, err := io.WriteString(conn, reply); err != nil {
			return
		}
	}
}

func TestOpenRefusesAnOldServerByName(t *testing.T) {
	url := oldServer(t, "6.2.14")
	_, err := redisdb.Open(t.Context(), redisdb.Options{URL: url})
	if !errors.Is(err, redisdb.ErrTooOld) || !strings.Contains(err.Error(), "version 6.2.14") {
		t.Errorf("Open of Redis 6.2.14 = %v, want ErrTooOld with the version", err)
	}
}

func TestOpenRefusesAnotherLayout(t *testing.T) {
	db, server := start(t)
	check(t, "HSet", db.Client().HSet(t.Context(), "enshi:{c}:meta", "schema", "99").Err())
	_, err := redisdb.Open(t.Context(), redisdb.Options{URL: server.URL()})
	if err == nil || !strings.Contains(err.Error(), "schema 99") {
		t.Errorf("Open of another layout = %v, want an error that names schema 99", err)
	}
	open(t, redisdb.Options{URL: server.URL(), Prefix: "other:"})
}

func TestOpenRefusesAPrefixWithBraces(t *testing.T) {
	_, err := redisdb.Open(t.Context(), redisdb.Options{URL: "redis://127.0.0.1:1", Prefix: "{x}:"})
	if err == nil || !strings.Contains(err.Error(), "braces") {
		t.Errorf("Open = %v, want an error about braces", err)
	}
}

func TestURL(t *testing.T) {
	type meaning struct {
		Addrs  []string
		DB     int
		Master string
		TLS    bool
	}
	for url, want := range map[string]meaning{
		"redis://localhost":                                {Addrs: []string{"localhost:6379"}},
		"redis://u:p@example.org:7000/3":                   {Addrs: []string{"example.org:7000"}, DB: 3},
		"rediss://example.org":                             {Addrs: []string{"example.org:6379"}, TLS: true},
		"unix:///run/redis/redis.sock?db=2":                {Addrs: []string{"/run/redis/redis.sock"}, DB: 2},
		"redis://a:1,b:2,c":                                {Addrs: []string{"a:1", "b:2", "c:6379"}},
		"redis://a:1?addr=b:2&addr=c:3":                    {Addrs: []string{"a:1", "b:2", "c:3"}},
		"redis://s1:26379,s2:26379/1?master=mymaster":      {Addrs: []string{"s1:26379", "s2:26379"}, DB: 1, Master: "mymaster"},
		"redis://[::1]:6380":                               {Addrs: []string{"[::1]:6380"}},
		"redis://[2001:db8::1]":                            {Addrs: []string{"[2001:db8::1]:6379"}},
		"redis://:just%2Fsecret@cache.example.org:6379/0/": {Addrs: []string{"cache.example.org:6379"}},
	} {
		var got meaning
		var err error
		got.Addrs, got.DB, got.Master, got.TLS, err = redisdb.ParseURL(url)
		if err != nil {
			t.Errorf("ParseURL(%q): %v", url, err)
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("ParseURL(%q) (-want +got):\n%s", url, diff)
		}
	}
	for url, want := range map[string]string{
		"localhost:6379":              "redis URL",
		"http://localhost":            "expected redis, rediss or unix",
		"unix://run/redis.sock":       "three slashes",
		"redis://localhost/main":      "expected a number",
		"redis://a,b/1":               "only database 0",
		"redis://a?timeout=5":         `unknown parameter "timeout"`,
		"redis://u:topsecret@a:b:c/%": "redis URL",

		"redis://a?sentinel_password=topsecret": "master=NAME is missing",
	} {
		_, _, _, _, err := redisdb.ParseURL(url)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseURL(%q) = %v, want an error that says %q", url, err, want)
		} else if strings.Contains(err.Error(), "topsecret") {
			t.Errorf("ParseURL(%q) = %v, which gives the password away", url, err)
		}
	}
}

func TestDurability(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"safe":           {nil, ""},
		"full and safe":  {[]string{"--maxmemory", "100mb", "--maxmemory-policy", "noeviction"}, ""},
		"no file":        {[]string{"--appendonly", "no"}, "append-only"},
		"evicts":         {[]string{"--maxmemory", "100mb", "--maxmemory-policy", "volatile-lru"}, "volatile-lru"},
		"evicts nothing": {[]string{"--maxmemory-policy", "allkeys-lru"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			db := open(t, redisdb.Options{URL: redistest.Start(t, c.args...).URL()})
			warnings, err := db.Durability(t.Context())
			check(t, "Durability", err)
			got := strings.Join(warnings, "\n")
			if c.want == "" && got != "" || !strings.Contains(got, c.want) || len(warnings) > 1 {
				t.Errorf("Durability = %q, want %q", warnings, c.want)
			}
		})
	}
	t.Run("cluster", func(t *testing.T) {
		server := redistest.StartCluster(t, "--appendonly", "no")
		_, port, err := net.SplitHostPort(server.Addr())
		check(t, "SplitHostPort", err)
		warnings, err := open(t, redisdb.Options{URL: server.URL()}).Durability(t.Context())
		check(t, "Durability", err)
		if len(warnings) != 1 || !strings.Contains(warnings[0], port) {
			t.Errorf("Durability of a cluster = %q, want one warning that names the node", warnings)
		}
	})
}

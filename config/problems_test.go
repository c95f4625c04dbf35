package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/config"
)

func TestProblemsAreReportedTogetherWithTheirLines(t *testing.T) {
	in := `site:
  titel: 恩施
  timezone: Mars/Olympus
pubic_url: https://news.example.com
settle: 2
feeds:
  limit: many
  hubs: [ftp://x]
digest:
  at: 25:00
  weekday: montag
  cadence: hourly
mail: smtp://x
roles: [watch, cook]
data: a
data: b
log:
  level: [debug]
  format:
    json: true
xyzzy: 1
`
	want := strings.TrimPrefix(`
enshi.yaml:2: site.titel: unknown key, did you mean title?
enshi.yaml:4: pubic_url: unknown key, did you mean public_url?
enshi.yaml:5: settle: expected a time with a unit, such as 90s, 10m, 2h or 7d
enshi.yaml:7: feeds.limit: expected a whole number
enshi.yaml:10: digest.at: expected a time of day, such as 07:30
enshi.yaml:11: digest.weekday: expected a day of the week, such as monday
enshi.yaml:13: mail: expected keys and values
enshi.yaml:16: data: stands there twice, first in line 15
enshi.yaml:18: log.level: expected one value
enshi.yaml:20: log.format: expected one value
enshi.yaml:21: xyzzy: unknown key; known here: accept_loss, data, digest, feeds, house, keys_file, limits, listen, log, mail, operator, public_url, rescan, roles, sentinel_password_file, settle, site, store, templates, topics
enshi.yaml:3: site.timezone: expected a zone such as Asia/Shanghai: unknown time zone Mars/Olympus
enshi.yaml:14: roles: "cook" is not known: expected watch, web, plan or send
enshi.yaml:8: feeds.hubs: expected an address such as https://news.example.com
enshi.yaml:12: digest.cadence: "hourly" is not known: expected instant, daily or weekly`, "\n")
	_, err := config.Parse("enshi.yaml", []byte(in))
	if err == nil {
		t.Fatal("Parse accepted it")
	}
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(err.Error(), "\n")); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestEachBadValueIsNamed(t *testing.T) {
	tests := []struct{ in, want string }{
		{"- a\n", "expected keys and values"},
		{"a: [\n", "enshi.yaml: yaml: line"},
		{"data: x\n---\ndata: y\n", "expected one document"},
		{"data: ''", "enshi.yaml:1: data: must not be empty"},
		{"public_url: news.example.com", "enshi.yaml:1: public_url: expected an address"},
		{"public_url: https://u:secret@news.example.com", "enshi.yaml:1: public_url: expected an address"},
		{"public_url: https://news.example.com/?x=1", "enshi.yaml:1: public_url: expected an address"},
		{"public_url: https://news.example.com/100%", "enshi.yaml:1: public_url: a % in it begins no two hexadecimal digits"},
		{"site: {url: 'javascript:alert(1)'}", "enshi.yaml:1: site.url: expected an address"},
		{"site: {language: 中文}", "enshi.yaml:1: site.language: expected a language"},
		{`site: {title: "a\nb"}`, "enshi.yaml:1: site.title: expected one line"},
		{"store: mysql://secret@x", "enshi.yaml:1: store: expected sqlite:FILE"},
		{"store: 'sqlite:'", "enshi.yaml:1: store: expected a file"},
		{"store: redis://", "enshi.yaml:1: store: expected sqlite:FILE"},
		{"store: 'redis://a:26379,b:26379/0?mastr=m'", "enshi.yaml:1: store: ?mastr= is not known, did you mean master?"},
		{"store: 'redis://a/0?master=m&sentinel_passwort=secret'", "enshi.yaml:1: store: ?sentinel_passwort= is not known, did you mean sentinel_password?"},
		{"store: 'redis://a/0?master=m%zz'", "enshi.yaml:1: store: a % in it begins no two hexadecimal digits: write %25"},
		{"store: 'redis://:se%cret@a/0'", "enshi.yaml:1: store: a % in it begins no two hexadecimal digits: write %25"},
		{"store: 'redis://a/0?master=m;db=1'", "enshi.yaml:1: store: expected sqlite:FILE"},
		{"store: 'redis://a/0?master=m&master=n'", "enshi.yaml:1: store: ?master= stands there twice"},
		{"store: 'redis://a/0?sentinel_user=u'", "enshi.yaml:1: store: sentinel_user and sentinel_password are for Sentinels: expected ?master=NAME"},
		{"store: 'redis://a/0?sentinel_password=secret'", "enshi.yaml:1: store: sentinel_user and sentinel_password are for Sentinels: expected ?master=NAME"},
		{"store: redis://a/one", "enshi.yaml:1: store: expected the number of a database, as in redis://a/0"},
		{"store: redis://a?db=-1", "enshi.yaml:1: store: expected the number of a database"},
		{"store: 'redis://a,b/1'", "enshi.yaml:1: store: a cluster has only database 0"},
		{"store: unix://run/redis.sock", "enshi.yaml:1: store: expected sqlite:FILE"},
		{"listen: 8080", "enshi.yaml:1: listen: expected an address and a port"},
		{"listen: :99999", "enshi.yaml:1: listen: expected an address and a port"},
		{"roles: []", "enshi.yaml:1: roles: expected at least one"},
		{"settle: -1s", "enshi.yaml:1: settle: expected a time"},
		{"settle: +1s", "enshi.yaml:1: settle: expected a time"},
		{"settle: 1d-5h", "enshi.yaml:1: settle: expected a time"},
		{"settle: 65535d1000000h", "enshi.yaml:1: settle: expected a time"},
		{"settle: d", "enshi.yaml:1: settle: expected a time"},
		{"rescan: 0", "enshi.yaml:1: rescan: must be at least 1s"},
		{"feeds: {limit: 0}", "enshi.yaml:1: feeds.limit: must be at least 1"},
		{"feeds: {max_bytes: 1B}", "enshi.yaml:1: feeds.max_bytes: must be at least 16kB"},
		{"feeds: {max_bytes: 1048576}", "enshi.yaml:1: feeds.max_bytes: expected a size"},
		{"feeds: {max_bytes: 9999999999GB}", "enshi.yaml:1: feeds.max_bytes: expected a size"},
		{"feeds: {excerpt: yes}", "enshi.yaml:1: feeds.excerpt: expected true or false"},
		{"feeds: {hub_pause: 0s}", "enshi.yaml:1: feeds.hub_pause: must be at least 1ms"},
		{"feeds: {hubs: ['']}", "enshi.yaml:1: feeds.hubs: must not be empty"},
		{"feeds: {hubs: {a: b}}", "enshi.yaml:1: feeds.hubs: expected a list of values"},
		{"feeds: {icon: icon.png}", "enshi.yaml:1: feeds.icon: expected an address"},
		{"feeds: {icon: 'https://u:secret@www.example.com/icon.png'}", "enshi.yaml:1: feeds.icon: expected an address"},
		{`feeds: {rights: "a\nb"}`, "enshi.yaml:1: feeds.rights: expected one line"},
		{"topics: [tag:a]", "enshi.yaml:1: topics: expected keys and values"},
		{"topics: {tag:a: x}", "enshi.yaml:1: topics.tag:a: expected keys and values"},
		{"topics: {tga:a: {}}", "enshi.yaml:1: topics.tga:a: expected category:NAME or tag:NAME, did you mean tag?"},
		{"topics: {'tag: ': {}}", "enshi.yaml:1: topics.tag:: expected category:NAME or tag:NAME"},
		{"topics: {'*': {}}", "enshi.yaml:1: topics.*: expected category:NAME or tag:NAME"},
		{"topics: {tag:a: {slgu: b}}", "enshi.yaml:1: topics.tag:a.slgu: unknown key, did you mean slug?"},
		{"topics:\n  tag:a:\n    slug: B", "enshi.yaml:3: topics.tag:a.slug: expected letters a-z"},
		{"topics:\n  tag:a:\n    slug: b\n  tag:c:\n    slug: b", `enshi.yaml:5: topics.tag:c.slug: "b" is the slug of tag:a already`},
		{"topics:\n  tag:a: {slug: b}\n  tag:b: {slug: c}", `enshi.yaml:2: topics.tag:a.slug: "b" is the name of tag:b`},
		{"topics: {tag:é: {}, 'tag: e\u0301': {}}", "enshi.yaml:1: topics.tag:é: stands there twice, first in line 1"},
		{"topics: {tag:a: {retired: yes}}", "enshi.yaml:1: topics.tag:a.retired: expected true or false"},
		{"topics: {tag:a: {excerpt: 1}}", "enshi.yaml:1: topics.tag:a.excerpt: expected true or false"},
		{`topics: {tag:a: {title: "a\nb"}}`, "enshi.yaml:1: topics.tag:a.title: expected one line"},
		{"digest: {at: 7:30}", "enshi.yaml:1: digest.at: expected a time of day"},
		{"digest: {language: zh}", "enshi.yaml:1: digest.language: \"zh\" is not known"},
		{"mail: {smtp: mail.example.com}", "enshi.yaml:1: mail.smtp: expected smtp://"},
		{"mail: {smtp: 'smtp://u:secret@a.example.com/x'}", "enshi.yaml:1: mail.smtp: expected smtp://"},
		{"mail: {smtp: 'smtp://a.example.com?weight=0'}", "enshi.yaml:1: mail.smtp: weight: expected"},
		{"mail: {smtp: 'smtp://a.example.com?wieght=1'}", "enshi.yaml:1: mail.smtp: ?wieght= is not known, did you mean weight?"},
		{"mail: {smtp: 'smtp://a.example.com?weight=%zz'}", "enshi.yaml:1: mail.smtp: a % in it begins no two hexadecimal digits"},
		{"mail: {smtp: 'smtp://a.example.com?weight=1&weight=x'}", "enshi.yaml:1: mail.smtp: ?weight= stands there twice"},
		{"mail: {from: 恩施}", "enshi.yaml:1: mail.from: expected an address"},
		{`mail: {from: "a@example.com\r\nBcc: b@example.com"}`, "enshi.yaml:1: mail.from: expected an address"},
		{"mail: {reply_to: 'a@example.com, b@example.com'}", "enshi.yaml:1: mail.reply_to: expected an address"},
		{"mail: {list_id: 恩施.example.com}", "enshi.yaml:1: mail.list_id: expected ASCII"},
		{"mail: {list_id: digest}", "enshi.yaml:1: mail.list_id: expected ASCII"},
		{"mail: {bounce: b@example.com}", "enshi.yaml:1: mail.bounce: expected a domain"},
		{"mail: {connections: 0}", "enshi.yaml:1: mail.connections: must be at least 1"},
		{"mail: {smtp: 'smtp://a.example.com?tls=maybe'}", "enshi.yaml:1: mail.smtp: \"maybe\" is not known"},
		{"mail: {per_connection: 0}", "enshi.yaml:1: mail.per_connection: must be at least 1"},
		{"mail: {retry: 2h, retry_most: 1h}", "enshi.yaml:1: mail.retry_most: must be at least mail.retry"},
		{"mail: {lease: 10ms}", "enshi.yaml:1: mail.lease: must be at least 1s"},
		{"mail: {uncertain: maybe}", "enshi.yaml:1: mail.uncertain: \"maybe\" is not known"},
		{"mail: {providers: {QQ: {}}}", "enshi.yaml:1: mail.providers.QQ: expected a name of letters"},
		{"mail: {providers: {qq: {per_minute: -1}}}", "enshi.yaml:1: mail.providers.qq.per_minute: must not be negative"},
		{"mail: {providers: {qq: {retries: [busy]}}}", "enshi.yaml:1: mail.providers.qq.retries: expected words of an answer and how long to wait"},
		{"mail: {providers: {qq: {retries: [\"busy: 1h soon\"]}}}", "enshi.yaml:1: mail.providers.qq.retries: expected words of an answer"},
		{"mail: {providers: {qq: {retries: [\"busy: 0\"]}}}", "enshi.yaml:1: mail.providers.qq.retries: expected words of an answer"},
		{"mail: {providers: {mine: {domains: mine}}}", "enshi.yaml:1: mail.providers.mine.domains: \"mine\": expected a domain"},
		{"mail: {providers: {tencent: {domains: [qq.com]}}}", "enshi.yaml:1: mail.providers.tencent.domains: qq.com is in group qq already"},
		{"mail: {providers: {other: {domains: [a.example]}}}", "enshi.yaml:1: mail.providers.other.domains: other has none"},
		{"mail: {smtp_password: secret}", "enshi.yaml:1: mail.smtp_password: unknown key, did you mean smtp_password_file?"},
		{"feeds: {cache: 0}", "enshi.yaml:1: feeds.cache: must be at least 1s"},
		{"limits: {proxies: [10.0.0.0/33]}", "enshi.yaml:1: limits.proxies: expected an address or a network"},
		{"limits: {proxies: [proxy.example.com]}", "enshi.yaml:1: limits.proxies: expected an address or a network"},
		{"limits: {signups_total: -1}", "enshi.yaml:1: limits.signups_total: must not be negative"},
		{"operator: {email: nobody}", "enshi.yaml:1: operator.email: expected an address"},
		{"log: {level: loud}", "enshi.yaml:1: log.level: \"loud\" is not known"},
		{"log: &a {level: *a}", "enshi.yaml:1: log.level: expected one value"},
		{"<<: {data: x}", "enshi.yaml:1: <<: unknown key"},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			_, err := config.Parse("enshi.yaml", []byte(tt.in))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("Parse: %v, want %q", err, tt.want)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the problem quotes a secret: %v", err)
			}
		})
	}
}

func TestAddressesOfStores(t *testing.T) {
	for _, store := range []string{
		"sqlite:enshi.db", "redis://localhost", "redis://:word@a:6379/2", "rediss://u:w%25@a/0", "redis://[::1]:6379/0", "redis://a?db=3", "unix:///run/redis.sock?db=1",
		"redis://a:6379,b,c:6379", "redis://u:w@a:6379,b", "redis://a?addr=b:6379&addr=c:6379", "redis://?addr=b:6379",
		"redis://A:26379,B:26379,C:26379/1?master=m&sentinel_user=u&sentinel_password=w",
	} {
		c := config.Default()
		c.Store = config.NewURL(store)
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", store, err)
		}
	}
}

func TestIconMayHaveAQuery(t *testing.T) {
	if _, err := config.Parse("enshi.yaml", []byte("feeds: {icon: 'https://www.example.com/icon.png?v=2'}")); err != nil {
		t.Errorf("Parse: %v", err)
	}
}

func TestPasswordForSentinelsThatAreNone(t *testing.T) {
	for store, want := range map[string]string{
		"": "", "sqlite:enshi.db": "", "redis://a/0?master=m": "",
		"redis://a/0": "sentinel_password_file: there is a password for Sentinels, and store names none: expected redis://HOST:PORT/NUMBER?master=NAME",
	} {
		c := config.Default()
		c.Store, c.SentinelPassword = config.NewURL(store), config.NewSecret("word")
		got := ""
		if err := c.Validate(); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("store %q: %q, want %q", store, got, want)
		}
	}
}

func TestValidateAfterAChangeNamesTheKey(t *testing.T) {
	c := config.Default()
	c.Listen = "nowhere"
	c.Settle = -1
	err := c.Validate()
	want := "listen: expected an address and a port, such as 127.0.0.1:8080 or :8080\nsettle: must not be negative"
	if err == nil || err.Error() != want {
		t.Errorf("Validate = %v, want %s", err, want)
	}
}

package config

import "time"

// Config is everything that the file can say. Tags: yaml is the key, doc its
// sentence, env the environment variable that wins over the file, path marks
// names that are relative to the file's directory, secret the key that names a
// file with the value.
type Config struct {
	Site                 Site          `yaml:"site" doc:"The Jekyll site that is published. Empty values are taken from its _config.yml."`
	PublicURL            string        `yaml:"public_url" doc:"Where the feeds, the pages and the links in mails are, such as https://news.example.com. Empty: serve uses its own address on this machine, build uses site.url. Mails to the outside need one with https."`
	Data                 string        `yaml:"data" path:"true" doc:"Directory of the database, the keys and the outbox."`
	Store                URL           `yaml:"store" path:"true" env:"ENSHI_STORE" doc:"Where subscribers, deliveries and identities are kept: sqlite:FILE, or redis://HOST:PORT/NUMBER (rediss:// for TLS) when several machines share the work. Empty: enshi.db in the data directory."`
	SentinelPasswordFile string        `yaml:"sentinel_password_file" path:"true" doc:"File with the password that Redis Sentinels of the store want, if they want one. Their user is sentinel_user=NAME in store."`
	SentinelPassword     Secret        `yaml:"-" env:"ENSHI_SENTINEL_PASSWORD" secret:"sentinel_password_file"`
	AcceptLoss           bool          `yaml:"accept_loss" doc:"Send although Redis could lose or evict what it was given, so that mails may be lost or sent twice. false: serve and send-digest refuse."`
	Listen               string        `yaml:"listen" doc:"Address and port that serve answers on."`
	Roles                []string      `yaml:"roles" doc:"What serve does in this process: watch (the site), web, plan, send."`
	Settle               time.Duration `yaml:"settle" doc:"How long a file must be left alone before its post goes out."`
	Rescan               time.Duration `yaml:"rescan" doc:"How often the whole site is read again, for changes that the system did not tell of."`
	KeysFile             string        `yaml:"keys_file" path:"true" doc:"File with the keys that sign the links in mails. Empty: keys.json in the data directory, made on first start. With Redis it must be the same on each machine."`
	Templates            string        `yaml:"templates" path:"true" doc:"Directory whose files replace the built-in templates of the same name. Empty: none."`

	Feeds    Feeds    `yaml:"feeds" doc:"The feeds."`
	Topics   Topics   `yaml:"topics" doc:"Categories and tags that differ from the others, by category:NAME or tag:NAME, as in tag:恩施日报新闻: {title: 恩施日报, slug: enshi}. These are the keys of each."`
	Digest   Digest   `yaml:"digest" doc:"The digests and when they go out. Times are in the site's zone."`
	Mail     Mail     `yaml:"mail" doc:"How mails leave."`
	Limits   Limits   `yaml:"limits" doc:"What keeps abuse and accidents down."`
	House    House    `yaml:"house" doc:"Habits of this archive's posts that are understood. A rule that is off leaves the text alone."`
	Operator Operator `yaml:"operator" doc:"Who hears of held posts, a paused edition, a watcher or relay that is down: once a cause, and a line a day."`
	Log      Log      `yaml:"log" doc:"The log, on standard error."`

	origin origin
}

// Site is the Jekyll site.
type Site struct {
	Dir         string `yaml:"dir" path:"true" doc:"The site's directory, the one with _config.yml and _posts."`
	URL         string `yaml:"url" doc:"Where the articles are, such as https://www.example.com."`
	Title       string `yaml:"title" doc:"Name of the site in feeds and mails."`
	Description string `yaml:"description" doc:"One sentence on the site."`
	Language    string `yaml:"language" doc:"Language of the posts, such as zh-CN."`
	Timezone    string `yaml:"timezone" doc:"Zone of dates and of the digests' calendar, such as Asia/Shanghai."`
}

// Feeds is what every feed has in common.
type Feeds struct {
	Limit    int           `yaml:"limit" doc:"Entries of a feed; older ones are in its archives."`
	MaxBytes Size          `yaml:"max_bytes" doc:"Size of a feed; entries beyond it are left out."`
	Archives bool          `yaml:"archives" doc:"build also writes the archives of every feed (RFC 5005), which hold all posts, month by month; serve makes them when somebody asks."`
	Excerpt  bool          `yaml:"excerpt" doc:"Entries hold an excerpt instead of the whole article."`
	Rights   string        `yaml:"rights" doc:"Who holds the rights, in one line. Empty: feeds say nothing of it."`
	Icon     string        `yaml:"icon" doc:"Address of the site's icon, best a square png or jpg, such as https://www.example.com/icon.png. Empty: none."`
	Hubs     []string      `yaml:"hubs" doc:"WebSub hubs, such as https://hub.example.com/, that are told of feeds that changed and fetch them at public_url. A cache before enshi must not answer them with an older feed."`
	HubPause time.Duration `yaml:"hub_pause" doc:"Between two messages to the same hub, which gets one for each feed that changed."`
	Cache    time.Duration `yaml:"cache" doc:"How long readers may keep a feed before they ask again."`
}

// Topics are what categories and tags have of their own, by topic.
type Topics map[string]Topic

// Topic is what one category or tag has of its own.
type Topic struct {
	Title   string `yaml:"title" doc:"What it is called in feeds and on pages instead of its name."`
	Slug    string `yaml:"slug" doc:"Its name in addresses: a-z, 0-9 and hyphens. The addresses that it had before lead to the new ones."`
	Excerpt *bool  `yaml:"excerpt" doc:"For this one, over feeds.excerpt."`
	Retired bool   `yaml:"retired" doc:"It is given up: its feeds and its page are gone (410), nobody can choose it any more, and who has it in a digest keeps it."`
}

// Digest is the calendar of the digests and their defaults.
type Digest struct {
	Cadence           string        `yaml:"cadence" doc:"Rhythm of who did not choose one: instant, daily or weekly. A change raises nobody's frequency."`
	At                Clock         `yaml:"at" doc:"When daily and weekly digests go out."`
	Weekday           time.Weekday  `yaml:"weekday" doc:"Day of the weekly digest."`
	MaxLatenessDaily  time.Duration `yaml:"max_lateness_daily" doc:"A daily digest that nobody planned for so long after its time is not sent any more: its posts go with the next one. 0: no limit."`
	MaxLatenessWeekly time.Duration `yaml:"max_lateness_weekly" doc:"The same of a weekly digest."`
	Quiet             time.Duration `yaml:"quiet" doc:"An instant mail waits until nothing new came for so long."`
	Language          string        `yaml:"language" doc:"Language of mails for who did not choose one: zh-Hans or en."`
}

// Mail is the way out and the headers.
type Mail struct {
	SMTP              []URL         `yaml:"smtp" env:"ENSHI_SMTP" doc:"Relays: smtp://USER@HOST:PORT (STARTTLS), or smtps:// (TLS from the start). Several share the work, and where one fails the others take over; ?weight=3 gives one three times as much, ?connections=2 bounds its connections. None: mails are written to the outbox, not sent."`
	SMTPPasswordFile  string        `yaml:"smtp_password_file" path:"true" doc:"File with the password for the relays."`
	SMTPPassword      Secret        `yaml:"-" env:"ENSHI_SMTP_PASSWORD" secret:"smtp_password_file"`
	From              string        `yaml:"from" doc:"Sender of all mails, such as 恩施日报 <news@example.com>."`
	ReplyTo           string        `yaml:"reply_to" doc:"Where answers go. Empty: to the sender."`
	ListID            string        `yaml:"list_id" doc:"List-ID of the digests, ASCII, such as digest.example.com. Empty: made from the sender's domain. Never change it: filters sort by it."`
	Bounce            string        `yaml:"bounce" doc:"Domain of the return paths, to which undeliverable mails come back, one address a subscriber. Empty: they come back to the sender."`
	UnsubscribeMailto string        `yaml:"unsubscribe_mailto" doc:"Address that takes unsubscriptions by mail, named beside the link. Empty: none."`
	Outbox            string        `yaml:"outbox" path:"true" doc:"Maildir that mails are written to while there is no relay. Empty: outbox in the data directory."`
	Connections       int           `yaml:"connections" doc:"Connections to the relays at a time, from one process. Answers that take long do not hold up the others: then there are up to twice as many."`
	PerConnection     int           `yaml:"per_connection" doc:"Mails over one connection."`
	Retry             time.Duration `yaml:"retry" doc:"How long a mail waits that was refused for now, before its second attempt. Each further wait is twice as long, up to retry_most."`
	RetryMost         time.Duration `yaml:"retry_most" doc:"The longest wait between two attempts."`
	GiveUp            time.Duration `yaml:"give_up" doc:"How long a mail waits for attempts in all before it counts as failed. Pauses do not count."`
	Lease             time.Duration `yaml:"lease" doc:"How long a process that was killed keeps what it had in hand. While it lives, it renews that."`
	Uncertain         string        `yaml:"uncertain" doc:"What becomes of a mail that may or may not have gone out, because a process was killed or a connection broke at the wrong moment: resend (again, with the same Message-ID), skip (counted, not sent again), or hold (the edition stays open until enshi editions retry or settle)."`
	Pacing            bool          `yaml:"pacing" doc:"Keep to the limits of providers. false: the relays see to that."`
	Providers         Providers     `yaml:"providers" doc:"What the mailbox providers are sent at most, from all processes together. A key that is left out stays as it is here; other groups can be added."`
}

// Limits are bounds against abuse and accidents.
type Limits struct {
	SignupsPerClient int           `yaml:"signups_per_client" doc:"Sign-ups an hour from one network address."`
	SignupsTotal     int           `yaml:"signups_total" doc:"Sign-ups an hour in all."`
	Proxies          []string      `yaml:"proxies" doc:"Addresses and networks of the proxies before enshi, such as 10.0.0.0/8. What they say of who is behind them (X-Forwarded-For) counts, so that readers are told apart; what others say does not."`
	NewPosts         int           `yaml:"new_posts" doc:"More new posts than this at once are held until an operator releases them. 0: no limit."`
	PostAge          time.Duration `yaml:"post_age" doc:"New posts that are dated longer ago are held the same way. 0: no limit."`
}

// House says which habits of the posts are understood.
type House struct {
	Byline      bool `yaml:"byline" doc:"An opening paragraph such as 全媒体记者… names the authors."`
	SourceLink  bool `yaml:"source_link" doc:"A closing <http://…infoCode=…> is the article's address at its paper."`
	SourceName  bool `yaml:"source_name" doc:"A closing （文章来源：…） names the paper."`
	Navigation  bool `yaml:"navigation" doc:"A closing line of 返回… links is dropped."`
	EditorsNote bool `yaml:"editors_note" doc:"A paragraph that starts with 编者按 is not used as the excerpt."`
}

// Operator is who hears of trouble.
type Operator struct {
	Email   string `yaml:"email" doc:"Address of the operator. Empty: nobody is mailed."`
	Command string `yaml:"command" doc:"Command that gets the message on standard input, run by the shell. Empty: none."`
}

// Log is how the log is written.
type Log struct {
	Level  string `yaml:"level" doc:"The least that is logged: debug, info, warn or error."`
	Format string `yaml:"format" doc:"text or json."`
}

// Default is the configuration without a file.
func Default() Config {
	return Config{
		Site:   Site{Dir: "."},
		Data:   "enshi-data",
		Listen: "127.0.0.1:8080",
		Roles:  []string{"watch", "web", "plan", "send"},
		Settle: 2 * time.Minute,
		Rescan: 10 * time.Minute,
		Feeds:  Feeds{Limit: 50, MaxBytes: 1 << 20, HubPause: 200 * time.Millisecond, Cache: 5 * time.Minute},
		Digest: Digest{
			Cadence: "daily", At: Clock{Hour: 7, Minute: 30}, Weekday: time.Monday, Quiet: 10 * time.Minute, Language: "zh-Hans",
			MaxLatenessDaily: 6 * time.Hour, MaxLatenessWeekly: 48 * time.Hour,
		},
		Mail: Mail{
			Connections: 4, PerConnection: 100, Retry: 5 * time.Minute, RetryMost: 8 * time.Hour, GiveUp: 72 * time.Hour,
			Lease: 15 * time.Minute, Uncertain: "resend", Pacing: true, Providers: defaultProviders(),
		},
		Limits: Limits{Proxies: []string{"127.0.0.0/8", "::1"}, SignupsPerClient: 10, SignupsTotal: 1000, NewPosts: 200, PostAge: 7 * 24 * time.Hour},
		House:  House{Byline: true, SourceLink: true, SourceName: true, Navigation: true, EditorsNote: true},
		Log:    Log{Level: "info", Format: "text"},
	}
}

package redisdb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
)

// Options are what Open needs. Only URL has no default.
type Options struct {
	// URL is redis://[user:pass@]host:port/db, rediss:// for TLS, or
	// unix:///path/of.sock?db=N. Several hosts, with commas between or as
	// ?addr=host:port, are the nodes of a cluster; with ?master=NAME they are
	// Sentinels, which may want a login of their own: &sentinel_user=NAME and
	// &sentinel_password=WORD.
	URL              string
	SentinelPassword string       // for the Sentinels, if the URL has none
	Prefix           string       // of every key, default "enshi:"
	Log              *slog.Logger // hears what the driver says, at level debug; default: nobody does

	// For tests: Now takes the place of the server's clock, and Point is called
	// around what forgets old deliveries ("trim", "fold").
	Now   func() time.Time
	Point delivery.Point
}

// DB is the store. It is safe for concurrent use.
type DB struct {
	rdb     redis.UniversalClient
	scripts map[script]*redis.Script
	keys    keys
	tenure  atomic.Pointer[delivery.Tenure]
	where   string           // the address for messages, without secrets
	now     func() time.Time // nil: the server's clock
	point   delivery.Point
	rolls   delivery.RollCache
}

var (
	_ posts.Identities     = (*DB)(nil)
	_ posts.Decisions      = (*DB)(nil)
	_ digest.Log           = (*DB)(nil)
	_ subscribers.Registry = (*DB)(nil)
	_ subscribers.Bulk     = (*DB)(nil)
	_ subscribers.Limits   = (*DB)(nil)
	_ delivery.Planning    = (*DB)(nil)
	_ delivery.Editions    = (*DB)(nil)
	_ delivery.Letters     = (*DB)(nil)
	_ delivery.Recall      = (*DB)(nil)
	_ delivery.Control     = (*DB)(nil)
	_ delivery.Queue       = (*DB)(nil)
	_ delivery.Pacer       = (*DB)(nil)
	_ delivery.Epochs      = (*DB)(nil)
)

// ErrTooOld says that the server is older than Redis 7.
var ErrTooOld = errors.New("enshi needs Redis 7 or later")

// openTimeout bounds how long Open waits for a server.
const openTimeout = 5 * time.Second

// schema is the version of the stored layout.
const schema = 1

// Open connects to Redis and checks its version and that the database was made
// by this layout. The caller ends it with Shutdown.
func Open(ctx context.Context, o Options) (*DB, error) {
	options, where, err := parseURL(o.URL)
	if err != nil {
		return nil, err
	}
	if options.SentinelPassword == "" && options.MasterName != "" {
		options.SentinelPassword = o.SentinelPassword
	}
	if o.Prefix == "" {
		o.Prefix = "enshi:"
	}
	if strings.ContainsAny(o.Prefix, "{}") {
		return nil, fmt.Errorf("redis key prefix %q: must not contain braces", o.Prefix)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	scripts, err := loadScripts()
	if err != nil {
		return nil, err
	}
	db := &DB{
		scripts: scripts, keys: keys{prefix: o.Prefix}, where: where,
		now: o.Now, point: o.Point,
	}
	redis.SetLogger(driverLog{o.Log}) // the driver has one a process
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	if err := db.connect(ctx, options); err != nil {
		return nil, err
	}
	if err := errors.Join(db.claim(ctx), db.enter(ctx)); err != nil {
		return nil, errors.Join(err, db.rdb.Close())
	}
	return db, nil
}

// connect dials and asks who answers. A single address of a cluster is
// recognised.
func (db *DB) connect(ctx context.Context, o *redis.UniversalOptions) error {
	o.MaxRetries = -1 // a repeated step must be the caller's decision
	o.DialTimeout = 2 * time.Second
	o.DialerRetries = 1
	o.ContextTimeoutEnabled = true
	o.PipelinePoolSize = -1
	o.DisableIdentity = true
	o.Protocol = 2 // RESP 3 looks for a push message before every answer: two system calls more
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	db.rdb = newClient(o)
	info, err := db.rdb.Info(ctx, "server").Result()
	if err != nil {
		return errors.Join(db.unreachable(err), db.rdb.Close())
	}
	if err := db.checkVersion(infoField(info, "redis_version")); err != nil {
		return errors.Join(err, db.rdb.Close())
	}
	if infoField(info, "redis_mode") != "cluster" || o.IsClusterMode || len(o.Addrs) > 1 {
		return nil
	}
	if err := db.rdb.Close(); err != nil {
		return db.fail("disconnect", err)
	}
	o.IsClusterMode = true
	db.rdb = newClient(o)
	return nil
}

func (db *DB) unreachable(err error) error {
	if strings.Contains(err.Error(), "all sentinels") && (strings.Contains(err.Error(), "NOAUTH") || strings.Contains(err.Error(), "WRONGPASS")) {
		// The driver has no error of its own for that.
		return fmt.Errorf("the Sentinels at %s refuse the user or password: sentinel_user in the store's URL names the user, ENSHI_SENTINEL_PASSWORD or sentinel_password_file has the password: %w", db.where, err)
	}
	if redis.IsAuthError(err) || redis.HasErrorPrefix(err, "WRONGPASS") || redis.HasErrorPrefix(err, "NOAUTH") {
		return fmt.Errorf("redis at %s refuses the user or password in the store's URL: %w", db.where, err)
	}
	return fmt.Errorf("redis at %s cannot be reached; is it running, and is the store's URL right? %w", db.where, err)
}

func (db *DB) checkVersion(version string) error {
	major, _, _ := strings.Cut(version, ".")
	if n, err := strconv.Atoi(major); err != nil || n < 7 {
		return fmt.Errorf("redis at %s is version %s: %w", db.where, version, ErrTooOld)
	}
	return nil
}

// driverLog takes what go-redis would print to standard error. It repeats what
// callers get as errors.
type driverLog struct{ log *slog.Logger }

func (d driverLog) Printf(ctx context.Context, format string, args ...any) {
	d.log.DebugContext(ctx, "redis driver", "message", fmt.Sprintf(format, args...))
}

// claim writes the layout into a new database and compares it with an old one.
func (db *DB) claim(ctx context.Context) error {
	key := db.keys.meta()
	pipe := db.rdb.TxPipeline()
	pipe.HSetNX(ctx, key, "schema", schema)
	pipe.HSetNX(ctx, key, "shards", shards)
	found := pipe.HMGet(ctx, key, "schema", "shards")
	if _, err := pipe.Exec(ctx); err != nil {
		return db.fail("write "+key, err)
	}
	got := found.Val()
	if got[0] != strconv.Itoa(schema) || got[1] != strconv.Itoa(shards) {
		return fmt.Errorf("redis at %s: %s says schema %v with %v shards, this program has schema %d with %d: use the version of enshi that made it, or another prefix",
			db.where, key, got[0], got[1], schema, shards)
	}
	return nil
}

// Shutdown ends all connections. It is not named Close, which ends the planning
// of an edition.
func (db *DB) Shutdown() error {
	if err := db.rdb.Close(); err != nil {
		return db.fail("disconnect", err)
	}
	return nil
}

// Fingerprint remembers the key ring's fingerprint on the first call and
// returns the remembered one ever after.
func (db *DB) Fingerprint(ctx context.Context, have string) (stored string, err error) {
	key := db.keys.meta()
	if err := db.rdb.HSetNX(ctx, key, "fingerprint", have).Err(); err != nil {
		return "", db.fail("write "+key, err)
	}
	stored, err = db.rdb.HGet(ctx, key, "fingerprint").Result()
	if err != nil {
		return "", db.fail("read "+key, err)
	}
	return stored, nil
}

// clock is the clock argument of scripts: "" for the server's own.
func (db *DB) clock() string {
	if db.now == nil {
		return ""
	}
	return strconv.FormatInt(db.now().UnixMilli(), 10)
}

// infoField finds a field in the answer of INFO.
func infoField(info, name string) string {
	for line := range strings.Lines(info) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

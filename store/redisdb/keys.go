package redisdb

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/subscribers"
)

// shards is the number of shards. It is part of the stored layout: Open
// refuses a database that was made with another one.
const shards = 64

// How long what is no longer worked on stays.
const (
	editionLife = 400 * 24 * time.Hour // editions, their counts and letters, from finishing (letters: from rendering)
	ledgerLife  = delivery.RecallFor   // single deliveries of a finished edition, and its rolls
	sentLife    = 2 * 24 * time.Hour   // of these, the sent ones; then they are in the rolls
	noticeLife  = 7 * 24 * time.Hour   // notices at their end
)

const base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// shardOf returns the shard of a subscriber: the low six bits of the ID's last
// byte, which are exactly its last base64url character.
func shardOf(id subscribers.ID) (int, error) {
	ok := len(id) == 12
	for i := 0; ok && i < len(id); i++ {
		ok = strings.IndexByte(base64url, id[i]) >= 0
	}
	if !ok {
		return 0, fmt.Errorf("subscriber ID %q: expected 12 characters of base64url", id)
	}
	return strings.IndexByte(base64url, id[11]), nil
}

// keys builds every key that the package uses.
type keys struct{ prefix string }

func (k keys) shard(s int, rest string) string {
	return k.prefix + "{s" + string([]byte{byte('0' + s/10), byte('0' + s%10)}) + "}:" + rest
}

func (k keys) common(rest string) string { return k.prefix + "{c}:" + rest }

// subscriber: HASH, named fields (record.go); until deleted.
func (k keys) subscriber(s int, id subscribers.ID) string { return k.shard(s, "sub:"+string(id)) }

// people: HASH, subscriber state → how many in the shard; for ever.
func (k keys) people(s int) string { return k.shard(s, "people") }

// due: ZSET, score cursor, the active subscribers of one cadence; for ever.
func (k keys) due(s int, c subscribers.Cadence) string { return k.shard(s, "due:"+string(c)) }

// idle: ZSET, score cursor, all subscribers who are in no due set; for ever.
func (k keys) idle(s int) string { return k.shard(s, "idle") }

// ledger: HASH, subscriber ID → packed delivery (packed.go) of one edition or
// kind of notice; Sweep removes it ledgerLife after the edition finished, and
// entries of notices noticeLife after they ended.
func (k keys) ledger(s int, edition string) string { return k.shard(s, "led:"+edition) }

// counts: HASH, delivery state → how many of the edition in the shard;
// editionLife after the edition finished, and again once they alone are left.
func (k keys) counts(s int, edition string) string { return k.shard(s, "cnt:"+edition) }

// roll: STRING, delivery.Roll of those in the shard whom an edition was sent to,
// once their entries in the ledger are gone; goes with the ledger.
func (k keys) roll(s int, edition string) string { return k.shard(s, "roll:"+edition) }

// ready: ZSET, score ready-at in ms, subscriber IDs that wait in one queue;
// gone when empty.
func (k keys) ready(s int, q queue) string {
	return k.shard(s, "rdy:"+q.edition+":"+string(q.group))
}

// fresh: LIST, subscriber IDs of one queue that were planned and never leased,
// and some of them skipped since; gone when empty. It takes a seventh of what
// they would in a ready set.
func (k keys) fresh(s int, q queue) string {
	return k.shard(s, "new:"+q.edition+":"+string(q.group))
}

// queues: SET of "EDITION|GROUP" whose ready set is not empty, and
// "EDITION|GROUP|new" whose fresh list is not; gone when empty.
func (k keys) queues(s int) string { return k.shard(s, "queues") }

// leases: ZSET, score deadline in ms, "EDITION|GROUP|ID"; gone when empty.
func (k keys) leases(s int) string { return k.shard(s, "leases") }

// ended: ZSET, score end in ms, "EDITION|ID" of notices at their end, for
// Sweep to remove; gone when empty.
func (k keys) ended(s int) string { return k.shard(s, "ended") }

// stopped: SET of cancelled editions, where nothing may be queued any more;
// for ever.
func (k keys) stopped(s int) string { return k.shard(s, "stopped") }

// epoch: STRING, the store's epoch as far as the tag of another key has heard of
// it, none for 0; for ever.
func (k keys) epoch(beside string) string {
	tag := beside[len(k.prefix):]
	return k.prefix + tag[:strings.IndexByte(tag, '}')+1] + ":epoch"
}

// meta: HASH, schema, shards, fingerprint, retired; for ever.
func (k keys) meta() string { return k.common("meta") }

// watch: HASH, issued, token, holder, until (ms), origin and records (the
// identities' revision), decisions; for ever.
func (k keys) watch() string { return k.common("watch") }

// identities: HASH, post ID → standing, reason, since and record; for ever.
func (k keys) identities() string { return k.common("identities") }

// head: STRING, the greatest arrival number; for ever.
func (k keys) head() string { return k.common("head") }

// log: HASH, arrival number → entry, marked if an operator withdrew it; for ever.
func (k keys) log() string { return k.common("log") }

// numbers: HASH, post ID → arrival number; for ever.
func (k keys) numbers() string { return k.common("numbers") }

// amended: HASH, arrival number → 'corrected' or 'withdrawn'; for ever.
func (k keys) amended() string { return k.common("amended") }

// edition: HASH, named fields (edition.go); editionLife after it finished. For
// a kind of notice it holds nothing but paused.
func (k keys) edition(id string) string { return k.common("ed:" + id) }

// editions: ZSET, score opened in ms, edition IDs; the last editionLife.
func (k keys) editions() string { return k.common("editions") }

// planning: HASH, cadence → ID of the edition being planned; for ever.
func (k keys) planning() string { return k.common("planning") }

// open: SET of editions that are planned or sent, or cancelled and not yet
// cleared; gone when empty.
func (k keys) open() string { return k.common("open") }

// trim: ZSET, score in ms from when on the sent deliveries of a finished or
// cancelled edition go into its rolls, edition IDs; gone when empty.
func (k keys) trim() string { return k.common("trim") }

// fold: ZSET, score in ms from when on a finished or cancelled edition is only
// counted, edition IDs; gone when empty.
func (k keys) fold() string { return k.common("fold") }

// slot: STRING, ID of the scheduled edition of a cadence and slot; editionLife.
func (k keys) slot(c subscribers.Cadence, at time.Time) string {
	return k.common("slot:" + string(c) + ":" + strconv.FormatInt(at.UnixMilli(), 10))
}

// letter: STRING, bytes of delivery.EncodeLetter; editionLife.
func (k keys) letter(edition, letter string) string { return k.common("let:" + edition + ":" + letter) }

// rewrites: STRING, how many letters' bytes were replaced; for ever.
func (k keys) rewrites() string { return k.common("rewrites") }

// brought: HASH, letter of an edition → delivery.EncodeBrought; delivery.RecallFor from
// the last letter on.
func (k keys) brought(edition string) string { return k.common("brg:" + edition) }

// pacing is a key that stands for all of the budgets' tag.
func (k keys) pacing() string { return k.prefix + "{p}:" }

// limit: HASH, n and until (ms) of a window; the window's period.
func (k keys) limit(key string) string { return k.prefix + "{p}:limit:" + key }

// pace: STRING, when the group's bucket is full again, in ms; until then.
func (k keys) pace(g delivery.Group) string { return k.prefix + "{p}:pace:" + string(g) }

// places: HASH, holder → how many of the group's places, and until when (ms);
// until the last of them.
func (k keys) places(g delivery.Group) string { return k.prefix + "{p}:places:" + string(g) }

// brakes: HASH, "GROUP|RELAY" → version and brake; for ever.
func (k keys) brakes() string { return k.prefix + "{p}:brakes" }

// book lists the keys that every script on a ledger begins with, in the order
// of book() in lua/prelude.lua.
func (k keys) book(s int, edition string) []string {
	return []string{
		k.ledger(s, edition), k.counts(s, edition), k.queues(s), k.leases(s), k.ended(s), k.stopped(s),
	}
}

// person lists the keys that every script on a record takes beside the record,
// in the order of people() in lua/prelude.lua.
func (k keys) person(s int) []string {
	return []string{
		k.people(s), k.due(s, subscribers.Instant), k.due(s, subscribers.Daily), k.due(s, subscribers.Weekly), k.idle(s),
	}
}

// queue is what one ready set in each shard holds.
type queue struct {
	edition string
	group   delivery.Group
}

func (q queue) name() string { return q.edition + "|" + string(q.group) }

// parseQueue reads a member of queues.
func parseQueue(name string) (q queue, fresh bool) {
	edition, rest, _ := strings.Cut(name, "|")
	group, kind, _ := strings.Cut(rest, "|")
	return queue{edition, delivery.Group(group)}, kind == "new"
}

// plain refuses a name that would break keys or packed values apart.
func plain(what, name string) error {
	if strings.ContainsAny(name, "|:{}\r\n") {
		return fmt.Errorf("%s %q: must not contain | : { } or line ends", what, name)
	}
	return nil
}

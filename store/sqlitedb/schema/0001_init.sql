-- Moments are Unix seconds, 0 for none; those named *_ms are milliseconds.
-- Lists are JSON, so that an operator can read them with the sqlite3 shell.

-- 'fingerprint': of the key ring that made the subscriber IDs.
-- 'identities': their revision; 'decisions', 'rewrites' of letters: how many were
-- made.
-- 'epoch': raised by a restore or a copy, to fence processes of the old store.
CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE watch (
  one      INTEGER PRIMARY KEY CHECK (one = 1),
  token    INTEGER NOT NULL,
  holder   TEXT NOT NULL,        -- '' once released
  until_ms INTEGER NOT NULL
) STRICT;
INSERT INTO watch VALUES (1, 0, '', 0);

CREATE TABLE identity (
  id         TEXT PRIMARY KEY,
  path       TEXT NOT NULL,
  source_url TEXT NOT NULL,
  body       BLOB NOT NULL,
  standing   TEXT NOT NULL,
  reason     TEXT NOT NULL,
  gone       INTEGER NOT NULL,
  seen       INTEGER NOT NULL,
  since      INTEGER NOT NULL    -- when it was held or an operator decided on it
) STRICT, WITHOUT ROWID;

CREATE TABLE arrival (
  number INTEGER PRIMARY KEY,
  post   TEXT NOT NULL UNIQUE,
  entry  TEXT NOT NULL,          -- digest.Entry
  amended INTEGER NOT NULL       -- 1: it was corrected; 2: it was withdrawn
) STRICT;
CREATE INDEX arrival_amended ON arrival (number) WHERE amended > 0;

CREATE TABLE subscriber (
  id         TEXT PRIMARY KEY,
  version    INTEGER NOT NULL,
  address    TEXT NOT NULL,
  state      TEXT NOT NULL,
  topics     TEXT NOT NULL,
  cadence    TEXT NOT NULL,
  language   TEXT NOT NULL,
  cursor     INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  consent    TEXT NOT NULL,
  created    INTEGER NOT NULL,
  confirmed  INTEGER NOT NULL,
  changed    INTEGER NOT NULL,
  noticed    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX subscriber_due ON subscriber (cadence, id, cursor) WHERE state = 'active';

CREATE TABLE edition (
  serial    INTEGER PRIMARY KEY,
  id        TEXT NOT NULL UNIQUE,
  cadence   TEXT NOT NULL,
  mark      INTEGER NOT NULL,
  slot      INTEGER NOT NULL,
  scheduled INTEGER NOT NULL,
  stage     TEXT NOT NULL,
  paused    TEXT NOT NULL,
  opened    INTEGER NOT NULL,
  finished  INTEGER NOT NULL,             -- or cancelled
  trimmed   INTEGER NOT NULL DEFAULT 0    -- 1: its sent deliveries are in the roll; 2: all are only counted
) STRICT;
CREATE UNIQUE INDEX edition_planning ON edition (cadence) WHERE stage = 'planning';
CREATE UNIQUE INDEX edition_slot ON edition (cadence, slot) WHERE scheduled = 1;
CREATE INDEX edition_open ON edition (opened, serial) WHERE stage IN ('planning', 'sending');
CREATE INDEX edition_cancelled ON edition (id) WHERE stage = 'cancelled';
CREATE INDEX edition_opened ON edition (opened, serial);
CREATE INDEX edition_old ON edition (trimmed, finished) WHERE trimmed < 2 AND finished > 0;

-- Notices have no edition that could be paused.
CREATE TABLE paused_notice (
  edition TEXT PRIMARY KEY,
  reason  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE letter (
  edition TEXT NOT NULL,
  letter  TEXT NOT NULL,
  data    BLOB NOT NULL,
  UNIQUE (edition, letter)
) STRICT;

-- What letters brought, in a table that is quickly read through.
CREATE TABLE brought (
  edition TEXT NOT NULL,
  letter  TEXT NOT NULL,
  posts   BLOB NOT NULL,         -- delivery.EncodeBrought
  PRIMARY KEY (edition, letter)
) STRICT, WITHOUT ROWID;

-- Whom an edition was sent to, once the rows of its sent deliveries are gone:
-- delivery.Roll, by the first character of the subscribers' IDs.
CREATE TABLE roll (
  edition TEXT NOT NULL,
  part    TEXT NOT NULL,
  members BLOB NOT NULL,
  UNIQUE (edition, part)
) STRICT;

-- Without a reference to edition and subscriber: notices have no edition, and
-- what was sent stays on record when the person is deleted.
CREATE TABLE delivery (
  edition    TEXT NOT NULL,
  subscriber TEXT NOT NULL,
  letter     TEXT NOT NULL,
  grp        TEXT NOT NULL,
  state      TEXT NOT NULL,
  skip       TEXT NOT NULL DEFAULT '',
  tries      INTEGER NOT NULL DEFAULT 0,
  created    INTEGER NOT NULL,
  at         INTEGER NOT NULL DEFAULT 0,   -- end states: since when
  reply      TEXT NOT NULL DEFAULT '',
  doubts     INTEGER NOT NULL DEFAULT 0,
  round      INTEGER NOT NULL DEFAULT 0,   -- how often a notice was asked for again
  ready_ms   INTEGER NOT NULL DEFAULT 0,   -- of what waits and is not leased: not before; otherwise 0
  token      TEXT NOT NULL DEFAULT '',     -- of the lease, '' if there is none
  until_ms   INTEGER NOT NULL DEFAULT 0,   -- end of the lease, 0 if there is none
  PRIMARY KEY (edition, subscriber)
) STRICT, WITHOUT ROWID;
-- Each has all that its queries ask for: a step that changes the state alone
-- touches neither, and counting what is ready looks at no row.
CREATE INDEX delivery_ready ON delivery (edition, grp, ready_ms) WHERE ready_ms > 0;
CREATE INDEX delivery_leased ON delivery (until_ms) WHERE until_ms > 0;

-- How many deliveries of an edition are in a state, kept by triggers alone. Those
-- of an edition stay counted when their rows are forgotten. 'all' are all that were
-- added. Those that are queued or being sent are not counted: they are the rest, and
-- most deliveries change one count in their life.
CREATE TABLE tally (
  edition TEXT NOT NULL,
  state   TEXT NOT NULL,
  n       INTEGER NOT NULL,
  PRIMARY KEY (edition, state)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER delivery_added AFTER INSERT ON delivery BEGIN
  INSERT INTO tally VALUES (new.edition, 'all', 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER delivery_entered AFTER UPDATE OF state ON delivery
  WHEN new.state NOT IN ('queued', 'sending') BEGIN
  INSERT INTO tally VALUES (new.edition, new.state, 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER delivery_left AFTER UPDATE OF state ON delivery
  WHEN old.state NOT IN ('queued', 'sending') BEGIN
  UPDATE tally SET n = n - 1 WHERE edition = old.edition AND state = old.state;
END;
CREATE TRIGGER notice_removed AFTER DELETE ON delivery WHEN old.edition IN ('notice-confirm', 'notice-already') BEGIN
  UPDATE tally SET n = n - 1 WHERE edition = old.edition AND state IN ('all', old.state);
END;

CREATE TABLE allowance (
  key      TEXT PRIMARY KEY,
  events   INTEGER NOT NULL,
  until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX allowance_until ON allowance (until_ms);

-- due_us: when the group's budget is whole again, Unix microseconds.
CREATE TABLE pace (
  grp    TEXT PRIMARY KEY,
  due_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How many messages to a group a process may have on their way at a time.
CREATE TABLE place (
  grp      TEXT NOT NULL,
  holder   TEXT NOT NULL,
  held     INTEGER NOT NULL,
  until_ms INTEGER NOT NULL,
  PRIMARY KEY (grp, holder)
) STRICT, WITHOUT ROWID;

-- Groups that a relay sends less for a while, as JSON.
CREATE TABLE brake (
  relay   TEXT NOT NULL,
  grp     TEXT NOT NULL,
  version INTEGER NOT NULL,
  brake   TEXT NOT NULL,
  PRIMARY KEY (relay, grp)
) STRICT, WITHOUT ROWID;

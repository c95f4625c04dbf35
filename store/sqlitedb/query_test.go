package sqlitedb

import (
	"context"
	"strings"
	"testing"

	"github.com/enshi-daily/enshi/delivery"
)

// TestQueriesUseTheirIndex keeps the queries that run all the time from walking
// through whole tables.
func TestQueriesUseTheirIndex(t *testing.T) {
	db := newCrowd(t, 10)
	tests := []struct {
		name  string
		query string
		args  []any
		want  []string
	}{
		{"Candidates", candidatesQuery, values("daily", "", 5, 100), []string{
			"USING INDEX subscriber_due (cadence=? AND id>?)"}},
		{"Work", workQuery, values("daily-20261124-1", 5, 100), []string{
			"USING COVERING INDEX delivery_ready (edition=?)",
			"USING COVERING INDEX delivery_ready (edition=? AND grp=? AND ready_ms>? AND ready_ms<?)",
			"USING COVERING INDEX delivery_ready (edition=? AND grp=? AND ready_ms>?)"}},
		{"Lease", leaseQuery, values("daily-20261124-1", "qq", 5, 100), []string{
			"USING INDEX delivery_ready (edition=? AND grp=? AND ready_ms>? AND ready_ms<?)", "SEARCH s USING PRIMARY KEY (id=?)"}},
		{"Begin and Finish", queuedQuery, values("daily-20261124-1", "x"), []string{
			"SEARCH d USING PRIMARY KEY (edition=? AND subscriber=?)", "SEARCH s USING PRIMARY KEY (id=?)"}},
		{"expired leases", expiredQuery, values(5), []string{
			"USING COVERING INDEX delivery_leased (until_ms>? AND until_ms<?)"}},
		{"finished editions", doneQuery, nil, []string{
			"USING INDEX edition_open", "COVERING INDEX delivery_ready (edition=?)", "USING COVERING INDEX delivery_leased"}},
		{"cancelled deliveries", uncleanQuery, nil, []string{
			"INDEX edition_cancelled", "delivery_ready (edition=?)"}},
		{"old editions", oldQuery, values(1, 5, ""), []string{"USING INDEX edition_old (trimmed=? AND finished>? AND finished<?)"}},
		{"Amended", amendedQuery, nil, []string{"USING INDEX arrival_amended"}},
		{"PutLetter", withdrawnQuery, values("[1,2]"), []string{"SEARCH arrival USING INTEGER PRIMARY KEY (rowid=?)"}},
		{"Bringing", bringingQuery, values(5), []string{
			"USING INDEX edition_opened (opened>?)", "SEARCH b USING PRIMARY KEY (edition=?)"}},
		{"Reached", reachedQuery, values("[]", "daily-20261124-1"), []string{
			"SEARCH d USING PRIMARY KEY (edition=? AND subscriber=?)"}},
		{"Retract", retractQuery, values("daily-20261124-1", "", "[]", 10), []string{
			"SEARCH d USING PRIMARY KEY (edition=? AND subscriber>?)"}},
		{"latest editions", editionsQuery, values(10), []string{"USING INDEX edition_opened"}},
		{"leasable editions", leasableQuery, nil, []string{"USING INDEX edition_open"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			plan := explain(t, db, test.query, test.args)
			for _, want := range test.want {
				if !strings.Contains(plan, want) {
					t.Errorf("plan does not say %q:\n%s", want, plan)
				}
			}
			for _, bad := range []string{"TEMP B-TREE", "SCAN d\n", "SCAN s\n", "SCAN subscriber\n", "SCAN edition\n"} {
				if strings.Contains(plan, bad) {
					t.Errorf("plan says %q:\n%s", bad, plan)
				}
			}
		})
	}
}

func explain(t *testing.T, db *DB, query string, args []any) string {
	t.Helper()
	var plan strings.Builder
	err := db.read(t.Context(), "explain", func(t *tx) error {
		return t.rows("EXPLAIN QUERY PLAN "+query, args, func(scan func(...any) error) error {
			var detail string
			err := scan(new(int), new(int), new(int), &detail)
			plan.WriteString(detail + "\n")
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return plan.String()
}

// TestTallyOutlivesTheRows works an edition off and forgets some of its rows.
func TestTallyOutlivesTheRows(t *testing.T) {
	db := newCrowd(t, 500)
	for mark := int64(1); mark <= 2; mark++ {
		e, _ := plan(t, db, mark, 100)
		if mark == 2 {
			send(t, db, delivery.Work{Edition: e.ID, Group: "other"}, 70)
		}
	}
	db.CheckRows(t)
	err := db.write(t.Context(), "forget", func(tx *tx) error {
		if _, err := tx.exec(`CREATE TABLE before AS SELECT * FROM tally`); err != nil {
			return err
		}
		_, err := tx.exec(`DELETE FROM delivery WHERE subscriber < '8'`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	db.none(t, "rows that were forgotten are no longer counted", `SELECT edition || ' ' || state FROM (
		SELECT edition, state, n FROM before EXCEPT SELECT edition, state, n FROM tally)`)
}

// SpoilRolls makes the rolls of an edition such as no program reads.
func (db *DB) SpoilRolls(tb testing.TB, edition string) {
	tb.Helper()
	err := db.write(tb.Context(), "spoil rolls", func(t *tx) error {
		_, err := t.exec(`UPDATE roll SET members = ? WHERE edition = ?`, []byte("\x63spoiled"), edition)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
}

// CheckRows demands that the columns which the indexes of deliveries ask for say
// what state and token say, and that the tally counts the rows. Tests of
// contracts end with it.
func (db *DB) CheckRows(tb testing.TB) {
	tb.Helper()
	db.none(tb, "ready_ms says something else than the state", `SELECT edition || ' ' || subscriber FROM delivery
		WHERE (ready_ms > 0) <> (state IN ('queued', 'retry') AND token = '')`)
	db.none(tb, "until_ms says something else than the token", `SELECT edition || ' ' || subscriber FROM delivery
		WHERE (until_ms > 0) <> (token <> '')`)
	const kept = `edition NOT IN (SELECT id FROM edition WHERE trimmed > 0)`
	const rows = `SELECT edition, state, count(*) FROM delivery WHERE state NOT IN ('queued', 'sending') AND ` + kept + ` GROUP BY edition, state
		UNION ALL SELECT edition, 'all', count(*) FROM delivery WHERE ` + kept + ` GROUP BY edition`
	const tally = `SELECT edition, state, n FROM tally WHERE n <> 0 AND ` + kept
	for _, query := range []string{rows + ` EXCEPT ` + tally, tally + ` EXCEPT SELECT * FROM (` + rows + `)`} {
		db.none(tb, "the tally and the ledger differ", `SELECT edition || ' ' || state FROM (`+query+`)`)
	}
}

// none demands that a query finds nothing.
func (db *DB) none(tb testing.TB, wrong, query string) {
	tb.Helper()
	err := db.read(context.Background(), "check", func(t *tx) error {
		return t.rows(query, nil, func(scan func(...any) error) error {
			var what string
			err := scan(&what)
			tb.Errorf("%s: %s", wrong, what)
			return err
		})
	})
	if err != nil {
		tb.Error(err)
	}
}

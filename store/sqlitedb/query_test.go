package sqlitedb

import (
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
			"USING INDEX delivery_ready (edition=?)",
			"USING INDEX delivery_ready (edition=? AND grp=? AND ready_ms<?)",
			"USING INDEX delivery_ready (edition=? AND grp=? AND ready_ms>?)"}},
		{"Lease", leaseQuery, values("daily-20261124-1", "qq", 5, 100), []string{
			"USING INDEX delivery_ready (edition=? AND grp=? AND ready_ms<?)", "SEARCH s USING PRIMARY KEY (id=?)"}},
		{"Begin and Finish", queuedQuery, values("daily-20261124-1", "x"), []string{
			"SEARCH d USING PRIMARY KEY (edition=? AND subscriber=?)", "SEARCH s USING PRIMARY KEY (id=?)"}},
		{"expired leases", expiredQuery, values(5), []string{
			"USING INDEX delivery_leased (until_ms<?)"}},
		{"finished editions", doneQuery, nil, []string{
			"USING INDEX edition_open", "delivery_ready (edition=?)", "USING INDEX delivery_leased"}},
		{"cancelled deliveries", uncleanQuery, nil, []string{
			"INDEX edition_cancelled", "delivery_ready (edition=?)"}},
		{"old editions", oldQuery, values(1, 5), []string{"USING INDEX edition_old (trimmed=? AND finished>? AND finished<?)"}},
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

// TestTallyEqualsTheLedger compares the counters with the rows they count.
func TestTallyEqualsTheLedger(t *testing.T) {
	db := newCrowd(t, 500)
	for mark := int64(1); mark <= 2; mark++ {
		e, _ := plan(t, db, mark, 100)
		if mark == 2 {
			send(t, db, delivery.Work{Edition: e.ID, Group: "other"}, 70)
		}
	}
	differ := func(what, query string) {
		err := db.read(t.Context(), "check", func(tx *tx) error {
			wrong, err := tx.row(query, nil, new(string), new(string), new(int))
			if wrong {
				t.Error(what)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	differ("the tally and the ledger differ", `SELECT edition, state, n FROM tally WHERE n > 0
		EXCEPT SELECT edition, replace(state, 'sending', 'queued') AS s, count(*) FROM delivery GROUP BY edition, s`)
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
	differ("rows that were forgotten are no longer counted", `SELECT edition, state, n FROM before EXCEPT SELECT edition, state, n FROM tally`)
}

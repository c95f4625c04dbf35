package sqlitedb

import (
	"fmt"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/subscribers"
)

// partOf is the part of an edition's roll that an ID is in, its first character.
func partOf(id subscribers.ID) string { return string(id[:min(1, len(id))]) }

// enrolled completes what an edition has for subscribers by its rolls.
func (db *DB) enrolled(t *tx, edition string, ids []subscribers.ID, place func(i int) *delivery.Reach) error {
	rolls := make(map[string]delivery.Roll)
	for i, id := range ids {
		if place(i).State != "" {
			continue
		}
		part := partOf(id)
		roll, ok := rolls[part]
		if !ok {
			var err error
			if roll, err = db.roll(t, edition, part); err != nil {
				return err
			}
			rolls[part] = roll
		}
		*place(i) = delivery.Enrolled(roll, id)
	}
	return nil
}

func (db *DB) roll(t *tx, edition, part string) (delivery.Roll, error) {
	if roll, ok := db.rolls.Find(edition, part, t.now); ok {
		return roll, nil
	}
	members, err := t.roll(edition, part)
	if err != nil {
		return delivery.Roll{}, err
	}
	return db.rolls.Keep(edition, part, t.now, members), nil
}

func (t *tx) roll(edition, part string) (members []byte, err error) {
	_, err = t.row(`SELECT members FROM roll WHERE edition = ? AND part = ?`, values(edition, part), &members)
	return members, err
}

// beyond comes after every character of an ID.
const beyond = "~"

// enrol moves the sent deliveries of one part of an edition to its roll: all of
// the part, so that whoever misses a row finds it there. It returns the part, ""
// if there are none.
func (t *tx) enrol(edition string) (part string, err error) {
	var first subscribers.ID
	found, err := t.row(`SELECT subscriber FROM delivery WHERE edition = ? AND state = 'sent' ORDER BY subscriber LIMIT 1`,
		values(edition), &first)
	if err != nil || !found {
		return "", err
	}
	part = partOf(first)
	var sent []delivery.Delivery
	err = t.rows(`SELECT subscriber, letter FROM delivery WHERE edition = ? AND subscriber BETWEEN ? AND ? AND state = 'sent'`, values(edition, part, part+beyond), func(scan func(...any) error) error {
		var d delivery.Delivery
		err := scan(&d.Subscriber, &d.Letter)
		sent = append(sent, d)
		return err
	})
	if err != nil {
		return "", err
	}
	members, err := t.roll(edition, part)
	if err != nil {
		return "", err
	}
	old, err := delivery.DecodeRoll(members)
	if err != nil {
		return "", fmt.Errorf("edition %s: %w", edition, err)
	}
	_, err = t.exec(`INSERT INTO roll VALUES (?, ?, ?) ON CONFLICT (edition, part) DO UPDATE SET members = excluded.members`,
		edition, part, old.With(sent).Encode())
	if err != nil {
		return "", err
	}
	_, err = t.exec(`DELETE FROM delivery WHERE edition = ? AND subscriber BETWEEN ? AND ? AND state = 'sent'`, edition, part, part+beyond)
	return part, err
}

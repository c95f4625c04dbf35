package sqlitedb

import (
	"encoding/json"
	"fmt"

	"github.com/enshi-daily/enshi/subscribers"
)

// subscriberColumns are what scanSubscriber reads, in its order.
const subscriberColumns = `id, version, address, state, topics, cadence, language, cursor,
	generation, consent, created, confirmed, changed, noticed, comes_back, asked`

func scanSubscriber(scan func(...any) error) (s subscribers.Subscriber, err error) {
	var topics, asked string
	var created, confirmed, changed, noticed int64
	err = scan(&s.ID, &s.Version, &s.Address, &s.State, &topics, &s.Cadence, &s.Language, &s.Cursor,
		&s.Generation, &s.Consent, &created, &confirmed, &changed, &noticed, &s.Returning, &asked)
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal([]byte(topics), &s.Topics); err != nil {
		return s, fmt.Errorf("topics of %s: %w", s.ID, err)
	}
	if asked != "" {
		if err := json.Unmarshal([]byte(asked), &s.Asked); err != nil {
			return s, fmt.Errorf("what %s asked for: %w", s.ID, err)
		}
	}
	s.Created, s.Confirmed = moment(created), moment(confirmed)
	s.Changed, s.NoticedAt = moment(changed), moment(noticed)
	return s, nil
}

// put writes the record of s as the given version.
func (t *tx) put(s subscribers.Subscriber, version int64) error {
	topics, err := json.Marshal(s.Topics)
	if err != nil {
		return err
	}
	var asked []byte
	if s.Asked != nil {
		if asked, err = json.Marshal(s.Asked); err != nil {
			return err
		}
	}
	_, err = t.exec(`INSERT OR REPLACE INTO subscriber (`+subscriberColumns+`)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		s.ID, version, s.Address, s.State, string(topics), s.Cadence, s.Language, s.Cursor,
		s.Generation, s.Consent, seconds(s.Created), seconds(s.Confirmed), seconds(s.Changed), seconds(s.NoticedAt),
		s.Returning, string(asked))
	return err
}

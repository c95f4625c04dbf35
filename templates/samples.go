package templates

import "time"

// mailSamples is a view of every mail with every list filled, so that trying
// them reaches every branch.
func mailSamples() map[string]any {
	frame := MailFrame{DefaultLanguage, "Site", "ii", "https://site.example/", "https://mail.example"}
	post := PostView{"Title", "https://site.example/1", "News", time.Unix(0, 0).UTC(), []string{"A", "B"}, "Paper", "Summary.", "It was two."}
	return map[string]any{
		"digest": DigestView{
			MailFrame: frame, Cadence: "daily", Date: post.Date, Total: 3, Posts: []PostView{post, post}, More: 1,
			Corrections: []CorrectionView{{post.Title, post.Link, post.Date, "It was two."}},
			Page:        "https://mail.example/editions/1/2", Feed: "https://mail.example/feed.xml",
			Preferences: "https://mail.example/preferences/1", Unsubscribe: "https://mail.example/unsubscribe/1",
		},
		"confirm": ConfirmView{frame, "https://mail.example/confirm/1", 7},
		"already": AlreadyView{frame, "https://mail.example/preferences/1", "https://mail.example/unsubscribe/1"},
	}
}

// pageSamples is the same of every page.
func pageSamples(text Messages) map[string]any {
	const address, page, words, day = "https://site.example/1", "/page", "Words.", "1 January"
	feeds := []FeedLine{{"RSS", "Title", "application/rss+xml", "https://site.example/rss.xml", "feed-rss"}}
	choice := Choice{"id", page, "Label", "Hint", true, 1, "en"}
	choices := []Choice{choice, {ID: "other", Value: page, Label: "Label"}}
	frame := Frame{text, "ii", "/base", page, page, page, "Site", address, "Title", true, feeds, choices, Service{page, page, page, page}, words}
	list := []PostLine{{"Title", address, day, "1970-01-01", words, "Paper", words, false}, {Title: "Title", Withdrawn: true}}
	topics := []TopicLine{{"Topic", page, 1, feeds}}
	form := FormView{text, page, "Button", true, "a@site.example", false, choices, choices, choices, choices, choices, FormErrors{words, words, words}}
	facts := []Fact{{"Label", words}}
	return map[string]any{
		"home":        HomeView{frame, words, feeds, topics, topics, topics, list, form, ""},
		"topic":       TopicView{frame, "Topic", "tag", words, feeds, list, FormView{}, page},
		"subscribe":   SubscribeView{frame, form},
		"preferences": PreferencesView{frame, true, form, page, feeds, "renew"},
		"notice":      NoticeView{frame, "ask", []string{words}, facts, &Button{page, "Label", true}, choices},
		"editions":    EditionsView{frame, []EditionLine{{"Title", page, day, "1970-01-01", words}}},
		"letter":      LetterView{frame, day, words, list, list},
		"privacy":     PrivacyView{frame, []string{words}},
		"status":      StatusView{frame, []FactGroup{{"Title", facts}}},
	}
}

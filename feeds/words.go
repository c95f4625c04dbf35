package feeds

import "strings"

// words are the few sentences that a feed says itself.
type words struct {
	allOf      string // description of the site's feed; %s is the site's title
	categoryOf string // description of a category's; %[1]s its name, %[2]s the site's title
	tagOf      string
	unionOf    string // of a union's; %[1]s the topics' names
	own        string // title of somebody's own topics
	opml       string // title of the list of feeds
	categories string // heading in it
	tags       string
	corrected  string // stands before a correction's text
	withdrawn  string // all that a withdrawn entry says
}

// wordsFor chooses by the primary subtag: Chinese, else English.
func wordsFor(language string) words {
	primary, _, _ := strings.Cut(strings.ToLower(language), "-")
	if primary == "zh" {
		return words{
			allOf:      "%s的全部文章",
			categoryOf: "%[2]s“%[1]s”分类的文章",
			tagOf:      "%[2]s标有“%[1]s”的文章",
			unionOf:    "%[2]s属于“%[1]s”的文章",
			own:        "我的主题",
			opml:       "%s的订阅源",
			categories: "分类",
			tags:       "标签",
			corrected:  "更正：",
			withdrawn:  "已撤回",
		}
	}
	return words{
		allOf:      "All articles of %s",
		categoryOf: "Articles of %[2]s in the category “%[1]s”",
		tagOf:      "Articles of %[2]s tagged “%[1]s”",
		unionOf:    "Articles of %[2]s in any of “%[1]s”",
		own:        "My topics",
		opml:       "Feeds of %s",
		categories: "Categories",
		tags:       "Tags",
		corrected:  "Correction: ",
		withdrawn:  "Withdrawn",
	}
}

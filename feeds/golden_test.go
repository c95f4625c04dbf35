package feeds_test

import (
	"strings"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/internal/golden"
	"github.com/enshi-daily/enshi/posts"
)

// smallSite has one of everything that a document can say.
func smallSite() *posts.Catalogue {
	plain := newPost(1, "category:要闻", "tag:清江")
	plain.Title = "清江上的第一座桥"
	plain.Authors = []string{"田野"}
	plain.SourceName, plain.SourceURL = "山城日报", "http://paper.example/article?id=1&p=2"

	nasty := newPost(2, "category:要闻", "tag:AI", "tag:c++ & <b>")
	nasty.Title = "R&D </title> ]]> &amp; “引号”"
	nasty.URL = "/2026/01/05/一 二.html"
	nasty.Authors = []string{"王林", "R&D <组>", "欧阳小满"}
	nasty.SourceURL = "http://paper.example/[2]" // and no name of the paper

	corrected := newPost(3, "category:生活", "tag:清江")
	corrected.Correction = "开放时间是九点 & 不是八点"
	corrected.Updated = corrected.Date.Add(26 * time.Hour)

	gone := newPost(4, "category:生活")
	gone.Withdrawn = true
	gone.Updated = gone.Date.Add(time.Hour)
	return newCatalogue(plain, nasty, corrected, gone)
}

func smallContent(p *posts.Post) (posts.Content, error) {
	c := posts.Content{
		HTML:    "<p>" + p.Slug + "：“一” &amp; ]]> 二，<a href=\"https://news.example/?a=1&amp;b=2\">三</a></p>\n",
		Summary: "摘要 & <" + p.Slug + ">",
	}
	if p.Slug == "p1" {
		c.Image = "https://news.example/桥.jpg"
	}
	return c, nil
}

func TestDocumentsOfSmallSite(t *testing.T) {
	b := newBuilder(t, func(o *feeds.Options) {
		o.Description = "一座山城的每一天 & 更多"
		o.Hubs = []string{"https://hub.example/"}
		o.Content = smallContent
		o.Rights, o.Icon = "© 山城日报 & 通讯员", "https://news.example/图标.png"
		o.Excerpts = map[posts.Topic]bool{posts.Tag("AI"): true}
	})
	docs := build(t, b, smallSite(), posts.Tag("往事"))
	checkDocuments(t, docs)
	if len(docs) != 1+3*(1+2+3+1) {
		t.Errorf("Documents built %d", len(docs))
	}
	for path, doc := range docs {
		name := strings.NewReplacer("/", "_", "&", "and", "<", "", ">", "", " ", "-").Replace(path)
		golden.Equal(t, "small/"+name, doc.Body)
	}
}

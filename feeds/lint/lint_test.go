package lint_test

import (
	"strings"
	"testing"

	"github.com/enshi-daily/enshi/feeds/lint"
)

const self = "https://feeds.example/f"

const rss = `<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/" xmlns:fh="http://purl.org/syndication/history/1.0">
<channel>
<title>山城</title>
<link>https://feeds.example/</link>
<description>全部</description>
<language>zh-CN</language>
<docs>http://www.rssboard.org/rss-specification</docs>
<image><url>https://feeds.example/a.png</url><title>山城</title><link>https://feeds.example/</link><width>144</width></image>
<atom:link rel="self" href="https://feeds.example/f"/>
<item>
<title>一 &#x26;amp; 二</title>
<link>https://news.example/1</link>
<description>甲 &#x26;amp; 乙</description>
<dc:creator>王林</dc:creator>
<category>新闻</category>
<guid isPermaLink="false">tag:news.example,2026:1</guid>
<pubDate>Mon, 05 Jan 2026 08:30:00 +0800</pubDate>
<source url="https://paper.example/1">报</source>
<content:encoded><![CDATA[<p style="color: red">甲 <a href="https://news.example/2">乙</a></p>]]></content:encoded>
</item>
</channel>
</rss>
`

const atom = `<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/" xmlns:fh="http://purl.org/syndication/history/1.0" xml:lang="zh-CN">
<id>https://news.example/</id>
<title>山城</title>
<updated>2026-01-05T08:30:00.5+08:00</updated>
<link rel="self" href="https://feeds.example/f"/>
<author><name>山城</name></author>
<entry>
<id>https://news.example/%E4%B8%80</id>
<title>一</title>
<updated>2026-01-05T08:30:00.5+08:00</updated>
<link rel="alternate" type="text/html" href="https://news.example/一"/>
<category term="新闻"/>
<summary>甲</summary>
<content type="html">&lt;p>甲&lt;/p></content>
</entry>
<entry>
<id>tag:news.example,2026:2</id>
<title>二</title>
<updated>2026-01-05T08:30:00.4+08:00</updated>
<link rel="alternate" type="text/html" href="https://news.example/2"/>
<content type="html">&lt;p>乙&lt;/p></content>
</entry>
</feed>
`

const jsonFeed = `{"version":"https://jsonfeed.org/version/1.1","title":"山城","language":"zh-CN",
"feed_url":"https://feeds.example/f","home_page_url":"https://feeds.example/","authors":[{"name":"山城"}],
"hubs":[{"type":"WebSub","url":"https://hub.example/"}],"_enshi":{},
"items":[
{"id":"1","url":"https://news.example/1","title":"一","content_html":"<p>甲</p>","date_published":"2026-01-05T08:30:00+08:00","tags":["新闻"],"attachments":[{"url":"https://news.example/1.mp3","mime_type":"audio/mpeg"}]},
{"id":"2","content_text":"乙"}]}
`

const opml = `<opml version="2.0"><head><title>山城</title></head><body>
<outline text="分类"><outline type="rss" text="新闻" title="新闻" xmlUrl="https://feeds.example/f" htmlUrl="https://feeds.example/" language="zh-CN"/></outline>
</body></opml>`

const (
	rssType  = "application/rss+xml; charset=utf-8"
	atomType = "application/atom+xml; charset=utf-8"
	jsonType = "application/feed+json; charset=utf-8"
	opmlType = "text/x-opml; charset=utf-8"
)

func TestLintPassesWhatIsValid(t *testing.T) {
	comment := "<!--" + strings.Repeat(" ", 100) + "-->"
	tests := []struct{ name, doc, mediaType string }{
		{"rss", rss, rssType},
		{"atom", atom, atomType},
		{"json", jsonFeed, jsonType},
		{"opml", opml, opmlType},
		{"rss as xml", rss, "application/xml"},
		{"a short comment before the root", strings.Replace(atom, "<feed", comment+"<feed", 1), "text/xml"},
		{"archive", strings.Replace(atom, "<author>", `<fh:archive/><link rel="prev-archive" href="https://feeds.example/p"/><link rel="current" href="https://feeds.example/c"/><author>`, 1), atomType},
		{"complete", strings.Replace(rss, "<item>", "<fh:complete/><item>", 1), rssType},
		{"complete and current", strings.Replace(rss, "<item>", `<fh:complete/><atom:link rel="current" href="https://feeds.example/f"/><item>`, 1), rssType},
		{"permalink", strings.Replace(rss, `<guid isPermaLink="false">tag:news.example,2026:1`, "<guid>https://news.example/1", 1), rssType},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, p := range lint.Lint([]byte(tt.doc), tt.mediaType, self) {
				t.Error(p)
			}
		})
	}
}

// breakage is a change to a valid document that breaks the rule of a code. Old
// and new are separated by " => ".
type breakage struct {
	code, change string
}

func testBreakages(t *testing.T, doc, mediaType string, breakages []breakage) {
	t.Helper()
	for _, b := range breakages {
		t.Run(b.code+"/"+b.change, func(t *testing.T) {
			before, after, ok := strings.Cut(b.change, " => ")
			if !ok || !strings.Contains(doc, before) {
				t.Fatalf("the document has no %q", before)
			}
			problems := lint.Lint([]byte(strings.Replace(doc, before, after, 1)), mediaType, self)
			for _, p := range problems {
				if p.Code == b.code {
					return
				}
			}
			t.Errorf("Lint found %v, want %s", problems, b.code)
		})
	}
}

func TestLintCatchesBrokenRSS(t *testing.T) {
	testBreakages(t, rss, rssType, []breakage{
		{"UriNotIri", "<link>https://news.example/1 => <link>https://news.example/一"},
		{"UriNotIri", `url="https://paper.example/1" => url="https://paper.example/一"`},
		{"UriNotIri", `<guid isPermaLink="false">tag:news.example,2026:1 => <guid>https://news.example/一`},
		{"InvalidURI", "<link>https://news.example/1 => <link>/1"},
		{"InvalidURI", "<link>https://news.example/1 => <link>https://news.example/a b"},
		{"InvalidURI", "<link>https://news.example/1 => <link>https://news.example/%zz"},
		{"InvalidURI", "<link>https://news.example/1 => <link>https:///1"},
		{"ContainsRelRef", `href="https://news.example/2" => href="//news.example/2"`},
		{"ContainsRelRef", `<a href="https://news.example/2">乙</a> => <img src="/2.png">`},
		{"ContainsHTML", "<title>一 &#x26;amp; 二 => <title>一 &lt;/b>"},
		{"ContainsHTML", "<title>一 &#x26;amp; 二 => <title>一 &#x3C;/b&#x3E;"},
		{"ContainsRelRef", `<a href="https://news.example/2">乙</a> => <img src="https://news.example/2.png" data-src="/2.png">`},
		{"ContainsRelRef", `<a href="https://news.example/2">乙</a> => <img src="https://news.example/2.png" alt="src=x y">`},
		{"InvalidUriChar", "<link>https://news.example/1 => <link>https://[2001:db8::1]/1"},
		{"BadCharacters", "<title>一 &#x26;amp; 二 => <title>cafÃ©"},
		{"BadCharacters", "甲 <a href => " + strings.Repeat("x", 3000) + "Ã© <a href"},
		{"ContainsHTML", "<title>一 &#x26;amp; 二 => <title>一 &amp;amp; 二"},
		{"NotHtml", "<description>甲 &#x26;amp; 乙 => <description>甲 &#x26; 乙"},
		{"NotHtml", "<description>甲 &#x26;amp; 乙 => <description>甲 &#x3C; 乙"},
		{"NeedDescriptionBeforeContent", "<description>甲 => <content:encoded>x</content:encoded><description>甲"},
		{"DuplicateItemSemantics", "<category>新闻</category> => <category>新闻</category><dc:subject>新闻</dc:subject>"},
		{"DuplicateItemSemantics", "<pubDate> => <dc:date>2026-01-05T08:30:00Z</dc:date><pubDate>"},
		{"DuplicateItemSemantics", "<pubDate> => <atom:published>2026-01-05T08:30:00Z</atom:published><pubDate>"},
		{"DuplicateItemSemantics", "<category> => <author>a@b.example</author><category>"},
		{"InvalidContact", "<dc:creator>王林</dc:creator> => <author>王林</author>"},
		{"InvalidContact", "<language> => <managingEditor> (王林)</managingEditor><language>"},
		{"DuplicateValue", "</item> => </item><item><title>二</title><guid isPermaLink=\"false\">tag:news.example,2026:1</guid></item>"},
		{"MissingGuid", "</item> => </item><item><title>二</title></item>"},
		{"InvalidPermalink", `<guid isPermaLink="false"> => <guid>`},
		{"InvalidURI", `<source url="https://paper.example/1"> => <source>`},
		{"BadCharacters", "王林 => \u0085"},
		{"BadCharacters", "甲 <a => \uFFFD <a"},
		{"UnicodeError", "王林 => \xff"},
		{"SAXError", "王林 => \x01"},
		{"SAXError", "甲 <a => \x0b <a"},
		{"MissingAtomSelfLink", `rel="self" => rel="alternate"`},
		{"SelfDoesntMatchLocation", "https://feeds.example/f => https://feeds.example/g"},
		{"RelativeSelf", "https://feeds.example/f => /f"},
		{"NotBlank", "<category>新闻 => <category> "},
		{"NotBlank", "<title>山城 => <title> "},
		{"NotBlank", "王林 => "},
		{"ContainsHTML", "<title>一 &#x26;amp; 二 => <title>一 &amp;copy 二"},
		{"ContainsHTML", "<title>一 &#x26;amp; 二 => <title>一&amp;2"},
		{"CharacterData", "<title>一 &#x26;amp; 二 => <title>一 &lt;b"},
		{"InvalidUriChar", `url="https://paper.example/1" => url="https://paper.example/?a[]=1"`},
		{"NotHtml", "<p style=\"color: red\"> => <o:p>"},
		{"NotHtml", "<p style=\"color: red\"> => <p><p>"},
		{"NotHtml", "甲 <a => <b>甲 <a"},
		{"NotHtml", "甲 <a => <table>甲</table> <a"},
		{"SecurityRiskAttr", "甲 <a => <video controls src=\"https://x.example/v\"></video> <a"},
		{"SecurityRiskAttr", "https://news.example/2 => java&#10;script:e()"},
		{"SecurityRiskAttr", "https://news.example/2 => data:text/html,x"},
		{"DangerousStyleAttr", "color: red => color: expression(e())"},
		{"DangerousStyleAttr", "color: red => background-color: url(x)"},
		{"DangerousStyleAttr", "color: red => background-color: rebeccapurple"},
		{"DangerousStyleAttr", "color: red => text-indent: -2em"},
		{"SecurityRisk", `<p style="color: red"> => <base href="https://x.example/"><p>`},
	})
}

func TestLintCatchesBrokenRSSChannel(t *testing.T) {
	testBreakages(t, rss, rssType, []breakage{
		{"MisplacedItem", "</item> => </item><atom:link rel=\"hub\" href=\"https://hub.example/\"/>"},
		{"InvalidWidth", "<width>144 => <width>145"},
		{"InvalidHeight", "<width>144</width> => <height>401</height>"},
		{"ImageTitleDoesntMatch", "</url><title>山城 => </url><title>水城"},
		{"ImageLinkDoesntMatch", "<link>https://feeds.example/</link><width> => <link>https://feeds.example/x</link><width>"},
		{"ImageUrlFormat", "a.png => a.webp"},
		{"UseOfExtensionAttr", `<docs>http://www.rssboard.org/rss-specification</docs> => <category xml:lang="zh">x</category><docs>https://www.rssboard.org/rss-specification</docs>`},
		{"ArchiveIncomplete", "<item> => <fh:archive/><item>"},
		{"MissingCurrentInArchive", `<item> => <fh:archive/><atom:link rel="prev-archive" href="https://feeds.example/p"/><item>`},
		{"FeedRelInCompleteFeed", `<item> => <fh:complete/><atom:link rel="prev-archive" href="https://feeds.example/p"/><item>`},
		{"SecurityRisk", `<p style="color: red"> => <script>x</script><p>`},
		{"SecurityRisk", `<p style="color: red"> => <iframe src="https://x.example/"></iframe><p>`},
		{"SecurityRiskAttr", `<p style="color: red"> => <p onclick="x">`},
		{"DangerousStyleAttr", "color: red => position: fixed"},
		{"AvoidNamespacePrefix", `xmlns:atom= => xmlns:a="http://www.w3.org/2005/Atom" xmlns:atom=`},
		{"InvalidNamespace", "http://search.yahoo.com/mrss/ => http://search.yahoo.com/mrss"},
		{"InvalidRFC2822Date", "Mon, 05 Jan 2026 08:30:00 +0800 => 2026-01-05"},
		{"ImplausibleDate", "Mon, 05 Jan 2026 => Mon, 05 Jan 1925"},
		{"ImplausibleDate", "Mon, 05 Jan 2026 => Thu, 05 Jan 1989"},
		{"IncorrectDOW", "Mon, 05 Jan 2026 => Tue, 05 Jan 2026"},
		{"ProblematicalRFC822Date", "08:30:00 +0800 => 08:30:00 +0545"},
		{"InvalidRFC2822Date", "<pubDate>Mon => <pubDate> Mon"},
		{"InvalidLanguage", "zh-CN => cn"},
		{"NotSufficientlyUnique", "tag:news.example,2026:1 => 20260105"},
		{"NotSufficientlyUnique", "tag:news.example,2026:1 => ２０２６０１０５"},
		{"InvalidBooleanAttribute", `isPermaLink="false" => isPermaLink="no"`},
		{"UnexpectedAttribute", "<pubDate> => <pubDate zone=\"x\">"},
		{"UnexpectedAttribute", "<category> => <category term=\"x\">"},
		{"UnknownNamespace", `xmlns:dc= => xmlns:x="https://x.example/ns" xmlns:dc=`},
		{"MissingHref", `<item> => <atom:link rel="hub"/><item>`},
		{"UnregisteredAtomLinkRel", `<item> => <atom:link rel="nabe" href="https://hub.example/"/><item>`},
		{"InvalidLanguage", "zh-CN => 中文"},
		{"MissingElement", "<description>全部</description> => "},
		{"DuplicateElement", "<title>一 => <title>零</title><title>一"},
		{"ItemMustContainTitleOrDescription", "</item> => </item><item><guid isPermaLink=\"false\">2</guid></item>"},
		{"UndefinedElement", "<language> => <subtitle>x</subtitle><language>"},
		{"UndefinedElement", "<dc:creator> => <summary>x</summary><dc:creator>"},
		{"AvoidTextInput", "<language> => <textInput/><language>"},
		{"InvalidVersion", `version="2.0" => version="0.9"`},
		{"MissingChannel", "</channel> => </channel><channel/>"},
		{"MissingAttribute", `<dc:creator> => <enclosure url="https://news.example/1.mp3"/><dc:creator>`},
	})
}

func TestLintCatchesBrokenAtom(t *testing.T) {
	testBreakages(t, atom, atomType, []breakage{
		{"NonCanonicalURI", "https://news.example/%E4%B8%80 => https://news.example/%e4%b8%80"},
		{"NonCanonicalURI", "https://news.example/%E4%B8%80 => https://News.example/"},
		{"NonCanonicalURI", "https://news.example/%E4%B8%80 => HTTPS://news.example/"},
		{"NonCanonicalURI", "https://news.example/%E4%B8%80 => https://news.example:443/"},
		{"NonCanonicalURI", "https://news.example/%E4%B8%80 => https://news.example"},
		{"NonCanonicalURI", "https://news.example/%E4%B8%80 => https://news.example/e\u0301"},
		{"NonCanonicalURI", "https://news.example/%E4%B8%80 => https://news.example/e%CC%81"},
		{"NonCanonicalURI", "https://news.example/%E4%B8%80 => https://news.example/%B6%F7"},
		{"NonCanonicalURI", "https://news.example/%E4%B8%80 => https://news.example/%7Ea"},
		{"NonCanonicalURI", "https://news.example/%E4%B8%80 => https://news.example/a/../b"},
		{"NonCanonicalURI", "https://news.example/%E4%B8%80 => https://news.example:08080/"},
		{"NonCanonicalURI", "https://news.example/%E4%B8%80 => https://news.example./"},
		{"NonCanonicalURI", "https://news.example/%E4%B8%80 => https://:@news.example/"},
		{"NonCanonicalURI", "https://news.example/%E4%B8%80 => https://news.example/#a#b"},
		{"InvalidUriChar", "https://news.example/%E4%B8%80 => https://[2001:db8::1]/"},
		{"InvalidIRI", "https://news.example/%E4%B8%80 => p 1"},
		{"InvalidIRI", `href="https://news.example/一" => href="/1"`},
		{"DuplicateUpdated", "08:30:00.4 => 08:30:00.5"},
		{"DuplicateEntries", "tag:news.example,2026:2 => https://news.example/%E4%B8%80"},
		{"ContainsHTML", "<title>一 => <title>&lt;b>一&lt;/b>"},
		{"NotBlank", `term="新闻" => term=""`},
		{"NotBlank", "<name>山城 => <name>"},
		{"NotBlank", "<title>一 => <title>"},
		{"NotBlank", "<author> => <rights></rights><author>"},
		{"MissingSelf", `rel="self" => rel="via"`},
		{"SelfDoesntMatchLocation", "https://feeds.example/f => https://feeds.example/g"},
		{"RelativeSelf", "https://feeds.example/f => /f"},
		{"MisplacedMetadata", "</entry> => </entry><subtitle>x</subtitle>"},
		{"AvoidNamespacePrefix", `xmlns:media= => xmlns:atom="http://www.w3.org/2005/Atom" xmlns:media=`},
		{"SecurityRisk", "&lt;p>甲 => &lt;svg>甲"},
		{"ArchiveIncomplete", "<author> => <fh:archive/><author>"},
		{"MissingCurrentInArchive", `<author> => <fh:archive/><link rel="next-archive" href="https://feeds.example/n"/><author>`},
		{"FeedRelInCompleteFeed", `<author> => <fh:complete/><link rel="next" href="https://feeds.example/n"/><author>`},
		{"CurrentNotSelfInCompleteFeed", `<author> => <fh:complete/><link rel="current" href="https://feeds.example/n"/><author>`},
		{"DuplicateArchiveLink", `<author> => <link rel="prev-archive" href="https://feeds.example/1"/><link rel="prev-archive" href="https://feeds.example/2"/><author>`},
		{"ArchiveLinksToItself", `<author> => <link rel="prev-archive" href="https://feeds.example/f"/><author>`},
		{"MissingElement", "<author><name>山城</name></author> => "},
		{"MissingElement", "<name>山城</name> => "},
		{"MissingElement", "<title>一</title> => "},
		{"DuplicateElement", "<title>一 => <title>零</title><title>一"},
		{"DuplicateAtomLink", `<category => <link type="text/html" href="https://news.example/x"/><category`},
		{"InvalidMIMEType", `type="text/html" => type="html"`},
		{"UndefinedElement", `<category term="新闻"/> => <category>新闻</category>`},
		{"UndefinedElement", "<summary> => <description>x</description><summary>"},
		{"InvalidTextType", "<summary> => <summary type=\"markdown\">"},
		{"InvalidRFC3339Date", "2026-01-05T08:30:00.4+08:00 => "},
		{"MissingAlternateLink", `<link rel="alternate" type="text/html" href="https://news.example/2"/>` + "\n" + `<content type="html">&lt;p>乙&lt;/p></content> => `},
		{"MissingSummary", `<content type="html">&lt;p>乙&lt;/p></content> => `},
		{"InvalidLanguage", `xml:lang="zh-CN" => xml:lang="中文"`},
		{"InvalidContact", "<name>山城</name> => <name>山城</name><email>山城</email>"},
		{"ContainsEmail", "<name>山城</name> => <name>山城 &#x3C;a@b.example></name>"},
		{"UriNotIri", "https://news.example/%E4%B8%80 => https://news.example/一"},
		{"InvalidTAG", "tag:news.example,2026:2 => tag:news.example:2"},
		{"InvalidTAG", "tag:news.example,2026:2 => tag:新闻.example,2026:2"},
		{"InvalidTAG", "tag:news.example,2026:2 => tag:news.example,2026:2#a#b"},
		{"InvalidURN", "tag:news.example,2026:2 => urn:2"},
		{"InvalidURN", "tag:news.example,2026:2 => urn:isbn:a/b"},
		{"InvalidUUID", "tag:news.example,2026:2 => urn:uuid:2"},
		{"SchemeNotIANARegistered", "tag:news.example,2026:2 => enshi:2"},
		{"UnexpectedWhitespace", "<id>tag:news.example,2026:2 => <id> tag:news.example,2026:2"},
		{"UnexpectedWhitespace", "<updated>2026-01-05T08:30:00.4 => <updated> 2026-01-05T08:30:00.4"},
		{"FeedHistoryRelInEntry", `<category => <link rel="current" href="https://news.example/x"/><category`},
		{"AttrNotBlank", `rel="alternate" => title=" " rel="alternate"`},
		{"ContainsHTML", `rel="alternate" => title="甲&lt;/b>" rel="alternate"`},
		{"SelfNotAtom", `rel="self" => type="text/html" rel="self"`},
		{"AtomLinkNotEmpty", `href="https://news.example/2"/> => href="https://news.example/2">x</link>`},
		{"InvalidUriChar", `href="https://news.example/2" => href="https://news.example/[2]"`},
	})
}

func TestLintCatchesBrokenJSON(t *testing.T) {
	testBreakages(t, jsonFeed, jsonType, []breakage{
		{"InvalidJSON", `"title":"山城" => "title":`},
		{"InvalidVersion", "version/1.1 => version/1"},
		{"MissingKey", `"title":"山城", => `},
		{"MissingKey", `"items": => "_items":`},
		{"MissingKey", `"id":"1" => "id":1`},
		{"MissingKey", `"content_text":"乙" => "title":"乙"`},
		{"MissingKey", `"mime_type":"audio/mpeg" => "mime_type":""`},
		{"MissingKey", `"type":"WebSub", => `},
		{"MissingKey", `{"name":"山城"} => {}`},
		{"DuplicateValue", `"id":"2" => "id":"1"`},
		{"MissingSelf", `"feed_url":"https://feeds.example/f", => `},
		{"SelfDoesntMatchLocation", "https://feeds.example/f => https://feeds.example/g"},
		{"UriNotIri", "https://news.example/1 => https://news.example/一"},
		{"NotBlank", `"新闻" => ""`},
		{"NotBlank", `"title":"一" => "title":""`},
		{"NotBlank", `[{"name":"山城"}] => []`},
		{"Deprecated", `"authors":[{"name":"山城"}] => "author":{"name":"山城"}`},
		{"UndefinedKey", `"_enshi" => "enshi"`},
		{"InvalidRFC3339Date", "2026-01-05T08:30:00+08:00 => 2026-01-05"},
		{"InvalidLanguage", "zh-CN => 中文"},
		{"ContainsRelRef", "<p>甲</p> => <a href='/x'>甲</a>"},
		{"BadCharacters", "甲 => \uFFFD"},
	})
}

func TestLintCatchesBrokenOPML(t *testing.T) {
	testBreakages(t, opml, opmlType, []breakage{
		{"InvalidOPMLVersion", `"2.0" => "3.0"`},
		{"MissingTitleAttr", `title="新闻" => `},
		{"NotBlank", "<title>山城 => <title>"},
		{"MissingAttribute", `text="新闻" => text=""`},
		{"NotHtml", `text="新闻" => text="问&amp;答"`},
		{"NotHtml", `title="新闻" => title="甲&lt;乙"`},
		{"NotHtml", "<title>山城 => <title>山&amp;城"},
		{"SecurityRisk", `text="新闻" => text="&lt;script>x&lt;/script>"`},
		{"InvalidURI", `xmlUrl="https://feeds.example/f" => url="x"`},
		{"UriNotIri", `htmlUrl="https://feeds.example/ => htmlUrl="https://feeds.example/一`},
		{"InvalidLanguage", "zh-CN => 中文"},
		{"InvalidOutlineVersion", `type="rss" => type="rss" version="Atom"`},
		{"MissingElement", "<head><title>山城</title></head> => "},
		{"UndefinedElement", "<body> => <body><p/>"},
		{"InvalidRFC2822Date", "</title> => </title><dateCreated>today</dateCreated>"},
	})
}

func TestLintCatchesWrongMediaTypes(t *testing.T) {
	comment := "<!--" + strings.Repeat(" ", 600) + "-->"
	tests := []struct{ code, doc, mediaType string }{
		{"UnexpectedContentType", atom, rssType},
		{"UnexpectedContentType", rss, atomType},
		{"UnexpectedContentType", rss, "text/html"},
		{"UnexpectedContentType", jsonFeed, rssType},
		{"UnexpectedContentType", opml, atomType},
		{"UnexpectedContentType", rss, ""},
		{"EncodingMismatch", rss, "application/rss+xml; charset=gbk"},
		{"NonSpecificMediaType", strings.Replace(rss, "<rss", comment+"<rss", 1), "application/xml"},
		{"NonSpecificMediaType", strings.Replace(atom, "<feed", comment+"<feed", 1), "text/xml"},
		{"UndefinedElement", "<html></html>", "text/html"},
		{"SAXError", "", rssType},
		{"ValidatorLimit", rss + strings.Repeat("\n", 5_000_000), rssType},
	}
	for _, tt := range tests {
		t.Run(tt.code+"/"+tt.mediaType, func(t *testing.T) {
			var codes []string
			for _, p := range lint.Lint([]byte(tt.doc), tt.mediaType, self) {
				codes = append(codes, p.Code)
			}
			if !strings.Contains(strings.Join(codes, " "), tt.code) {
				t.Errorf("Lint found %v, want %s", codes, tt.code)
			}
		})
	}
}

func TestProblemNamesLineAndSeverity(t *testing.T) {
	doc := strings.Replace(rss, "<category>新闻", "<category>", 1)
	problems := lint.Lint([]byte(doc), rssType, self)
	if len(problems) != 1 {
		t.Fatalf("Lint = %v, want one problem", problems)
	}
	if got, want := problems[0].String(), "line 16: warning: NotBlank: category"; got != want {
		t.Errorf("String = %q, want %q", got, want)
	}
}

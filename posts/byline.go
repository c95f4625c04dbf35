package posts

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A byline is one or more credits, each a role and its names:
//
//	全媒体记者彭绪艳    本报记者 张三、李四 通讯员 王五    （记者 阿依古丽·买买提）
//
// A role is a noun (记者, 通讯员) with what says for whom and how (本报, 见习) in
// front of it. A paragraph with anything else in it, such as a sentence or the
// credit of a photograph, is none.

// readHead takes the bylines off the start of the text. Images and an editor's
// note may stand before one and stay.
func readHead(f *Furniture) {
	for at := 0; ; {
		start, inner, end := firstParagraph(f.Text, at)
		if start < 0 {
			return
		}
		names, ok := byline(inner)
		switch {
		case ok:
			f.Authors = addNames(f.Authors, names)
			for end < len(f.Text) && (f.Text[end] == '\r' || f.Text[end] == '\n') {
				end++
			}
			if at == 0 {
				start = 0
			}
			f.Text = cut(f.Text, start, end)
		case onlyImage(inner) || bytes.HasPrefix(trimMarkup(inner), []byte("编者按")):
			at = end
		default:
			return
		}
	}
}

// closingByline recognises a byline at the end of an article, where only
// parentheses tell it from text.
func closingByline(inner []byte) ([]string, bool) {
	within, ok := parenthesised(trimMarkup(inner))
	if !ok {
		return nil, false
	}
	return byline(within)
}

// firstParagraph finds the paragraph that starts at or after text[at]: an
// element <p>, else a block up to a blank line. start is -1 if there is none.
func firstParagraph(text []byte, at int) (start int, inner []byte, end int) {
	start = len(text) - len(bytes.TrimLeft(text[at:], asciiSpace))
	rest := text[start:]
	if len(rest) == 0 {
		return -1, nil, 0
	}
	if bytes.HasPrefix(rest, []byte("<p>")) || bytes.HasPrefix(rest, []byte("<p ")) {
		open := bytes.IndexByte(rest, '>')
		closing := bytes.Index(rest, []byte("</p>"))
		if open < 0 || closing < open {
			return -1, nil, 0
		}
		return start, rest[open+1 : closing], start + closing + len("</p>")
	}
	for end = 0; end < len(rest); {
		line := rest[end:]
		if n := bytes.IndexByte(line, '\n'); n >= 0 {
			line = line[:n+1]
		}
		if len(bytes.TrimSpace(line)) == 0 {
			break
		}
		end += len(line)
	}
	return start, rest[:end], start + end
}

// onlyImage reports whether a paragraph holds an image and no text.
func onlyImage(inner []byte) bool {
	s := bytes.TrimSpace(inner)
	if bytes.HasPrefix(s, []byte("![")) {
		return bytes.IndexByte(s, '\n') < 0 && bytes.HasSuffix(s, []byte(")"))
	}
	image := bytes.HasPrefix(s, []byte("<img ")) || bytes.HasPrefix(s, []byte("<a "))
	return image && bytes.Contains(s, []byte("<img ")) && len(trimMarkup(s)) == 0
}

// trimMarkup takes white space, tags and Markdown's emphasis off both ends.
func trimMarkup(s []byte) []byte {
	for {
		s = bytes.TrimSpace(s)
		s = bytes.TrimPrefix(bytes.TrimSuffix(s, []byte("&nbsp;")), []byte("&nbsp;"))
		before := len(s)
		s = bytes.Trim(s, "*")
		if len(s) > 0 && s[0] == '<' {
			if end := bytes.IndexByte(s, '>'); end > 0 {
				s = s[end+1:]
			}
		}
		if len(s) > 0 && s[len(s)-1] == '>' {
			if start := bytes.LastIndexByte(s, '<'); start >= 0 {
				s = s[:start]
			}
		}
		if len(s) == before && !bytes.HasPrefix(s, []byte("&nbsp;")) && !bytes.HasSuffix(s, []byte("&nbsp;")) {
			return bytes.TrimSpace(s)
		}
	}
}

// longestByline bounds a byline in bytes: a dozen names or so.
const longestByline = 240

// byline reads the names in a paragraph that is a byline as a whole.
func byline(inner []byte) ([]string, bool) {
	if len(inner) > longestFurniture || bytes.Contains(inner, []byte("<img")) {
		return nil, false
	}
	b := trimMarkup(inner)
	if within, ok := parenthesised(b); ok {
		b = within
	}
	if len(b) > longestByline || !bytes.Contains(b, []byte("记者")) && !bytes.Contains(b, []byte("通讯员")) {
		return nil, false
	}
	s := string(b)
	if strings.Contains(s, "&nbsp;") {
		s = strings.ReplaceAll(s, "&nbsp;", " ")
	}
	var names []string
	for s != "" {
		rest, ok := cutRole(s)
		if !ok {
			return nil, false
		}
		glued := rest != "" && !isSeparator(firstRune(rest))
		rest = strings.TrimLeftFunc(rest, isSeparator)
		credit := rest[:nextRole(rest)]
		s = rest[len(credit):]
		if names, ok = creditNames(names, credit, glued); !ok {
			return nil, false
		}
	}
	return names, true
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

// isSeparator reports what may stand between a role and its names and between
// names.
func isSeparator(r rune) bool {
	return unicode.IsSpace(r) || strings.ContainsRune("、，,：:/／;；", r)
}

// cutRole takes a role off the front of s: an outlet's name, modifiers and the
// noun, of which only the noun must be there.
func cutRole(s string) (rest string, ok bool) {
	at, size := roleNoun(s)
	if at < 0 {
		return s, false
	}
	prefix := strings.TrimFunc(s[:at], isSeparator)
	for cutOne := true; cutOne && prefix != ""; {
		cutOne = false
		for _, m := range [...]string{"全媒体", "融媒体", "全媒", "融媒", "多媒体", "本报", "本网", "本台", "本刊", "首席", "见习", "实习",
			"特约", "特派", "驻地", "摄影", "文字", "高级", "资深"} {
			if p, found := strings.CutSuffix(prefix, m); found {
				prefix, cutOne = strings.TrimRightFunc(p, isSeparator), true
			}
		}
	}
	return s[at+size:], prefix == "" || isOutlet(prefix)
}

// roleNoun finds the first noun of a role near the start of s.
func roleNoun(s string) (at, size int) {
	const nearest = 60
	head := s[:min(len(s), nearest)]
	at = -1
	for _, noun := range [...]string{"记者", "通讯员"} {
		if i := strings.Index(head, noun); i >= 0 && (at < 0 || i < at) {
			at, size = i, len(noun)
		}
	}
	return at, size
}

// isOutlet reports whether s reads as the name of a paper or station.
func isOutlet(s string) bool {
	if utf8.RuneCountInString(s) > 10 || strings.IndexFunc(s, func(r rune) bool { return !unicode.Is(unicode.Han, r) }) >= 0 {
		return false
	}
	for _, end := range [...]string{"日报", "晚报", "晨报", "时报", "早报", "都市报", "周报", "周刊", "社", "网", "台", "客户端", "云上恩施", "融媒体中心"} {
		if strings.HasSuffix(s, end) {
			return true
		}
	}
	return false
}

// nextRole is where the next role starts in s, behind the names before it.
func nextRole(s string) int {
	noun, _ := roleNoun(s)
	if noun < 0 {
		return len(s)
	}
	start := noun
	for _, m := range [...]string{"全媒", "融媒", "本报", "本网", "本台", "本刊", "首席", "见习", "实习", "特约", "特派", "摄影"} {
		if i := strings.Index(s[:noun], m); i >= 0 && i < start {
			start = i
		}
	}
	return start
}

// creditNames adds the names of one credit. glued says that they follow their
// role without a space, where 记者走访 must not become a person.
func creditNames(names []string, credit string, glued bool) ([]string, bool) {
	credit, ok := trimTask(strings.TrimRightFunc(credit, isSeparator))
	if !ok || glued && isNarration(credit) {
		return nil, false
	}
	joined := true // whether the name before may go on: 张　强 is one person
	for n := 0; credit != ""; n++ {
		name, rest := credit, ""
		if i := strings.IndexFunc(credit, isSeparator); i >= 0 {
			name, rest = credit[:i], credit[i:]
		}
		if !isName(name) {
			return nil, false
		}
		single := utf8.RuneCountInString(name) == 1
		if last := len(names) - 1; n > 0 && single && joined && utf8.RuneCountInString(names[last]) == 1 {
			names[last] += name
			single = false
		} else {
			names = append(names, name)
		}
		credit = strings.TrimLeftFunc(rest, isSeparator)
		joined = single && strings.TrimSpace(rest[:len(rest)-len(credit)]) == ""
	}
	return names, true
}

// trimTask takes what the people did off the end of a credit. Whoever took a
// photograph did not write the article.
func trimTask(credit string) (string, bool) {
	for _, photo := range [...]string{"摄", "摄影", "供图", "图"} {
		if rest, found := strings.CutSuffix(credit, photo); found && !strings.HasSuffix(strings.TrimRight(rest, " /／"), "文") {
			return credit, false
		}
	}
	for _, task := range [...]string{"摄影报道", "综合报道", "报道", "文/图", "文／图", "文 图", "图/文", "图文", "整理"} {
		if rest, found := strings.CutSuffix(credit, task); found {
			return strings.TrimRightFunc(rest, isSeparator), rest != ""
		}
	}
	return credit, credit != ""
}

// isNarration reports whether what follows 记者 tells what a reporter did.
func isNarration(s string) bool {
	for _, verb := range [...]string{"手记", "调查", "观察", "走", "探", "采访", "来到", "看", "了解", "获悉", "发现", "连线", "提问", "问", "感言", "笔记", "节",
		"站", "证", "体验", "日记", "随笔", "述评", "说", "注意", "跟", "随", "深入", "见到", "在", "从", "赶", "到", "对话", "专访", "视角", "眼", "团", "会", "协会", "们"} {
		if strings.HasPrefix(s, verb) {
			return true
		}
	}
	return false
}

// isName reports whether s has the shape of a person's name: one to four
// characters, or several such parts joined by ·.
func isName(s string) bool {
	run, parts := 0, 1
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Han, r):
			run++
		case (r == '·' || r == '•' || r == '‧' || r == '・') && run > 0:
			run = 0
			parts++
		default:
			return false
		}
		if run > 4 && parts == 1 && !strings.ContainsAny(s, "·•‧・") || run > 8 {
			return false
		}
	}
	return run > 0 && parts <= 4
}

// addNames appends what names does not repeat.
func addNames(names, more []string) []string {
	for _, name := range more {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

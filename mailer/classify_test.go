package mailer_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/internal/smtptest"
	"github.com/enshi-daily/enshi/mailer"
	"github.com/enshi-daily/enshi/subscribers"
)

const (
	sent    = delivery.Delivered
	bad     = delivery.BadAddress
	later   = delivery.Temporary
	ours    = delivery.OurFault
	doubt   = delivery.InDoubt
	nowhere = delivery.Unreachable
)

// answers is what a server says at a step, and what it must mean.
type answers struct {
	step    string
	code    int
	text    string
	address subscribers.Address // reader@example.net if ""
	want    delivery.Class
}

// linesOfAll are the answers that mean the same everywhere.
func linesOfAll() []answers {
	return []answers{
		// Connecting and logging in.
		{smtptest.Connect, 421, "4.3.2 busy", "", nowhere},
		{smtptest.Connect, 554, "5.7.1 not you", "", ours},
		{"EHLO", 554, "go away", "", ours},
		{"AUTH", 535, "5.7.8 wrong password", "", ours},
		{"AUTH", 454, "4.7.0 later", "", nowhere},
		// MAIL: about us.
		{"MAIL", 250, "2.1.0 ok", "", sent},
		{"MAIL", 451, "4.3.0 later", "", later},
		{"MAIL", 421, "4.3.2 busy", "", nowhere},
		{"MAIL", 550, "5.1.1 sender unknown", "", ours},
		{"MAIL", 553, "5.7.1 sender not yours", "", ours},
		{"MAIL", 530, "5.7.0 log in", "", ours},
		{"MAIL", 552, "5.3.4 too big", "", ours},
		{"MAIL", 503, "5.5.1 nested MAIL", "", later},
		// RCPT: may be about the reader.
		{"RCPT", 251, "2.1.5 will forward", "", sent},
		{"RCPT", 450, "4.2.0 greylisted", "", later},
		{"RCPT", 452, "4.2.2 full", "", later},
		{"RCPT", 550, "5.1.1 no such user", "", bad},
		{"RCPT", 550, "5.1.10 null mx", "", bad},
		{"RCPT", 550, "5.2.1 switched off", "", bad},
		{"RCPT", 550, "5.4.1 Recipient address rejected: user unknown", "", bad},
		{"RCPT", 550, "No such user here", "", bad},
		{"RCPT", 550, "reader@example.net: Recipient does not exist", "", bad},
		{"RCPT", 550, "administrative prohibition", "", later},
		{"RCPT", 550, "5.7.1 refused by policy", "", later},
		{"RCPT", 554, "5.7.1 user unknown to our policy", "", later},
		{"RCPT", 554, "5.7.1 <reader@example.net>: Relay access denied", "", ours},
		{"RCPT", 550, "5.7.1 Unable to relay, relaying denied", "", ours},
		{"RCPT", 530, "5.7.0 Authentication required", "", ours},
		{"RCPT", 552, "5.2.2 mailbox full", "", later},
		{"RCPT", 554, "5.2.2 mailbox full", "", later},
		{"RCPT", 550, "Mailbox is full", "", later},
		{"RCPT", 503, "5.5.1 bad sequence", "", later},
		{"RCPT", 421, "4.7.0 closing", "", later},
		{"RCPT", 354, "what", "", later},
		// DATA and the final dot: about the letter.
		{"DATA", 451, "4.3.0 later", "", later},
		{"DATA", 554, "5.6.0 no", "", ours},
		{smtptest.Dot, 451, "4.7.1 later", "", later},
		{smtptest.Dot, 421, "4.3.2 closing", "", later},
		{smtptest.Dot, 554, "5.7.1 spam", "", ours},
		{smtptest.Dot, 550, "refused", "", ours},
		{smtptest.Dot, 550, "5.1.1 no such user after all", "", bad},
		{smtptest.Dot, 552, "5.2.2 over quota", "", later},
		{smtptest.Dot, 354, "what", "", doubt},
		{smtptest.Dot, 552, "message size exceeds fixed maximum message size", "", ours},
		{"MAIL", 552, "Message too large", "", ours},
		// A code that says never with a status that says not now.
		{"MAIL", 550, "4.7.0 slow down", "", later},
		{"RCPT", 550, "4.1.1 user unknown", "", later},
		{smtptest.Dot, 554, "4.7.1 try again later", "", later},
		{smtptest.Dot, 559, "Invalid rcptto [@sm060110]", "", later},
	}
}

// linesOfProviders are the answers that mean something of their own.
func linesOfProviders() []answers {
	const qq, netease, gmail, outlook, yahoo = "reader@qq.com", "reader@163.com", "reader@gmail.com", "reader@outlook.com", "reader@yahoo.com"
	return []answers{
		{"RCPT", 550, "Domain frequency limited. Try again later", qq, later},
		{smtptest.Dot, 550, "Ip frequency limited [MbZ9 IP: 192.0.2.1]", qq, later},
		{"MAIL", 550, "Connection frequency limited", qq, later},
		{"RCPT", 550, "Mailbox unavailable or access denied [x]", qq, later},
		{"RCPT", 550, "Mailbox not found. Please check", qq, bad},
		{smtptest.Dot, 550, "Mail content rejected by the filter: content rejected", qq, ours},
		{smtptest.Dot, 550, "Mail content denied. https://x.example", qq, ours},
		{smtptest.Dot, 550, "Mail is rejected by recipients", qq, later},
		{"RCPT", 550, "Mail is rejected by recipients", qq, later},
		{smtptest.Dot, 550, "DMARC check failed", qq, later},
		{smtptest.Dot, 550, "SPF check failed", qq, later},
		{smtptest.Connect, 421, "HL:REP 163 smtp1", netease, nowhere},
		{"MAIL", 554, "MI:STC 163 smtp1", netease, later},
		{"RCPT", 550, "RP:TRC 163 smtp1", netease, later},
		{"MAIL", 554, "HL:IHU 163 smtp1", netease, later},
		{"MAIL", 554, "MI:SPB 163 smtp1", netease, later},
		{"MAIL", 550, "MI:SPF 163 smtp1", netease, later},
		{smtptest.Dot, 550, "MI:DMA 163 smtp1", netease, later},
		{smtptest.Dot, 554, "DT:SUM 163 smtp1", netease, later},
		{"RCPT", 550, "Invalid User", netease, bad},
		{smtptest.Dot, 552, "Requested mail action aborted: exceeded mailsize limit", netease, ours},
		{"MAIL", 550, "HL:ICC 163 smtp1", netease, later},
		{"MAIL", 451, "MI:DMC 163 smtp1", netease, later},
		{smtptest.Dot, 554, "DT:SPM 163 smtp1", netease, later},
		{smtptest.Dot, 554, "MI:SFQ 163 smtp1", netease, later},
		{smtptest.Dot, 554, "DT:RBL 163 smtp1", netease, later},
		{"RCPT", 550, "User not found: reader@163.com", netease, bad},
		{smtptest.Dot, 550, "5.7.515 Access denied", outlook, later},
		{"MAIL", 550, "5.7.1 part of your network is on our block list (S3140)", outlook, later},
		{smtptest.Dot, 550, "5.7.509 Access denied, sending domain does not pass DMARC verification", outlook, later},
		{"MAIL", 550, "5.7.606 Access denied, banned sending IP [192.0.2.1]", outlook, later},
		{"RCPT", 550, "5.7.708 Service unavailable. Access denied, traffic not accepted from this IP", outlook, later},
		{smtptest.Dot, 550, "5.7.26 unauthenticated", gmail, later},
		{smtptest.Dot, 421, "4.7.28 unusual rate", gmail, later},
		{smtptest.Dot, 550, "5.7.28 unusual rate of unsolicited mail", gmail, later},
		{smtptest.Dot, 550, "5.7.27 SPF did not pass", gmail, later},
		{"RCPT", 550, "5.2.1 The email account that you tried to reach is disabled", gmail, bad},
		{"RCPT", 550, "5.2.1 The user you are trying to contact is receiving mail at a\n5.2.1 rate that prevents additional messages", gmail, later},
		{smtptest.Dot, 554, "delivery error: dd This user doesn't have a yahoo.com account", yahoo, bad},
		{smtptest.Dot, 554, "30 Sorry, your message cannot be delivered. This mailbox is disabled (554.30).", yahoo, bad},
	}
}

func TestEveryAnswerHasItsClass(t *testing.T) {
	table := append(linesOfAll(), linesOfProviders()...)
	message := newMessage(t)
	composer := newComposer(t)
	for _, o := range []smtptest.Options{{User: "u", Password: "p"}, {User: "u", Password: "p", NoPipelining: true}} {
		server := smtptest.StartWith(t, o)
		for _, row := range table {
			if row.address == "" {
				row.address = "reader@example.net"
			}
			server.Reply(func(step, _ string) *smtptest.Answer {
				if step == row.step || row.step == "EHLO" && step == "HELO" {
					return &smtptest.Answer{Code: row.code, Text: row.text}
				}
				return nil
			})
			s := newSMTP(t, server.URL(), func(o *mailer.SMTPOptions) { o.Composer = composer })
			out := s.Send(t.Context(), messageWith(t, message.Rendered, row.address), permit)
			if out.Class != row.want || out.Code != row.code && row.want != sent {
				t.Errorf("%d %s to %s (pipelining %v) = %+v, want %s", row.code, row.text, row.step, !o.NoPipelining, out, row.want)
			}
			if strings.Contains(out.Reply, string(row.address)) || !strings.HasPrefix(out.Reply, server.Addr()+": ") {
				t.Errorf("the reply %q names the reader, or not the relay", out.Reply)
			}
			// A server that answers again takes the next letter over any connection.
			server.Reply(nil)
			if out := s.Send(t.Context(), messageWith(t, message.Rendered, row.address), permit); out.Class != sent {
				t.Errorf("after %d %s the next Send = %+v", row.code, row.text, out)
			}
		}
	}
}

func TestLostConnectionsHaveTheirClass(t *testing.T) {
	composer, m := newComposer(t), newMessage(t)
	both(t, func(t *testing.T, o smtptest.Options) {
		for step, want := range map[string]delivery.Class{
			smtptest.Connect: nowhere, "EHLO": nowhere, "MAIL": later, "RCPT": later, "DATA": later, smtptest.Dot: doubt,
		} {
			server := smtptest.StartWith(t, o)
			server.Reply(func(at, _ string) *smtptest.Answer { return &smtptest.Answer{Drop: at == step} })
			s := newSMTP(t, server.URL(), func(o *mailer.SMTPOptions) { o.Composer = composer })
			out := s.Send(t.Context(), m, permit)
			if out.Class != want || out.Code != 0 {
				t.Errorf("a line lost at %s = %+v, want %s", step, out, want)
			}
		}
	})
}

func TestLineLostInsideTheBodyIsNeverDelivered(t *testing.T) {
	server := smtptest.Start(t)
	server.Reply(func(at, _ string) *smtptest.Answer { return &smtptest.Answer{Drop: at == smtptest.Body} })
	s, m := newSMTP(t, server.URL()), newMessage(t)
	for range 20 {
		out := s.Send(t.Context(), m, permit)
		// In doubt if the break was not seen before the dot was written.
		if out.Class != later && out.Class != doubt {
			t.Errorf("Send = %+v, want temporary or in doubt", out)
		}
	}
	if n := len(server.Messages()); n != 0 {
		t.Errorf("the server has %d messages, want none", n)
	}
}

func TestNobodyThereIsUnreachable(t *testing.T) {
	server := smtptest.Start(t)
	s := newSMTP(t, server.URL())
	server.Close()
	if out := s.Send(t.Context(), newMessage(t), permit); out.Class != nowhere || !strings.HasPrefix(out.Reply, server.Addr()) {
		t.Errorf("Send = %+v, want unreachable, naming the relay", out)
	}
}

func TestWrongConfigurationIsOurFault(t *testing.T) {
	plain, secret := smtptest.Start(t), smtptest.StartWith(t, smtptest.Options{StartTLS: true})
	for url, what := range map[string]string{
		plain.URL() + "?tls=mandatory":                         "a relay without STARTTLS",
		secret.URL() + "?tls=mandatory":                        "a certificate that nobody signed",
		strings.Replace(plain.URL(), "://", "://u:secret@", 1): "a relay without a login",
	} {
		out := newSMTP(t, url).Check(t.Context())[0]
		if out.Class != ours || strings.Contains(out.Reply, "secret") {
			t.Errorf("%s = %+v, want our fault without the password", what, out)
		}
	}
	if out := newSMTP(t, secret.URL()).Check(t.Context())[0]; out.Class != sent {
		t.Errorf("this machine's own certificate = %+v, want ready", out)
	}
}

func TestLettersThatCannotBeComposedAreBugs(t *testing.T) {
	server := smtptest.Start(t)
	m := newMessage(t)
	m.Rendered = []byte("rubbish")
	out := newSMTP(t, server.URL()).Send(t.Context(), m, func(context.Context) error { return errors.New("called") })
	if out.Class != delivery.Bug || server.Steps("MAIL") != 0 {
		t.Errorf("Send = %+v, want a bug before MAIL", out)
	}
}

func TestRepliesNameNobody(t *testing.T) {
	server := smtptest.Start(t)
	s, m := newSMTP(t, server.URL()), messageWith(t, newMessage(t).Rendered, "zhang.san@example.net")
	for _, echo := range []string{
		"<%s>: no", "%s", "550-%s\nsecond line %s", "user=zhang.san not here; zhang.san=example.net", "ZHANG.SAN@EXAMPLE.NET", "zhang.san", "'zhang.san@example.net'",
		"b+zhang.san=example.net@bounce.example.org", "zhang.san%%40example.net", "no mailbox zhang.san here", "other@example.com is full",
	} {
		server.Reply(func(step, _ string) *smtptest.Answer {
			if step != "RCPT" {
				return nil
			}
			return &smtptest.Answer{Code: 550, Text: strings.ReplaceAll(strings.ReplaceAll(echo, "%s", "zhang.san@example.net"), "%%", "%")}
		})
		out := s.Send(t.Context(), m, permit)
		if low := strings.ToLower(out.Reply); strings.Contains(low, "zhang") || strings.ContainsAny(low, "@\r\n") {
			t.Errorf("%q became %q", echo, out.Reply)
		}
	}
}

func TestSMTPAddressesAreChecked(t *testing.T) {
	composer := newComposer(t)
	for url, want := range map[string]string{
		"smtp://127.0.0.1:2525": "", "smtps://u:p@mx.example.org": "", "smtp://u:p@mx.example.org": "", "smtp://localhost": "",
		"smtp://mx.example.org?tls=none": "", "smtp://[::1]:25": "",
		"http://x": "expected smtp://", "smtp://": "expected smtp://", "smtp://x/path": "expected smtp://", "": "expected smtp://",
		"smtp://u:sesame@x?tls=none":          "in the clear",
		"smtp://u:sesame@x?tls=opportunistic": "in the clear",
		"smtp://u:sesame@x?tls=maybe":         "tls=maybe",
		"smtps://u:sesame@x?tls=none":         "leave tls out",
		"smtp://u:sesame@x:99999":             "port",
		"smtp://u:sesame@x:y":                 "smtp address",
	} {
		_, err := mailer.NewSMTP(mailer.SMTPOptions{Relays: []string{url}, Composer: composer, Now: time.Now})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "sesame")) {
			t.Errorf("NewSMTP(%q) = %v, want an error about %q that hides the password", url, err, want)
		}
	}
}

// Package hub tells WebSub hubs that topics have new content, so that they
// fetch them and push them to whoever subscribed there (WebSub §6, as every
// public hub takes it: one form with hub.mode=publish and hub.url).
//
// A Pinger has a queue and a goroutine for each hub, so that one which is slow
// or gone holds up nobody. A topic waits there once however often it changes,
// and the queue is bounded. A ping carries no content: it may come late or
// twice, but never before the new bytes can be fetched, which is up to the
// caller of Notify.
//
// It knows nothing of feeds: topics are addresses. It may talk to private
// addresses, since an operator chose the hubs.
package hub

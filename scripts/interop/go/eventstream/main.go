// Follows a channel by a client of event streams: eventstream LIBRARY TRANSPORT URL CHANNEL [CURSOR].
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"time"

	"github.com/launchdarkly/eventsource"
	r3labs "github.com/r3labs/sse/v2"
	"github.com/tmaxmax/go-sse"
	"wirecopy.example/interop/fold"
)

const waitMsMax = 2_000

var errGap = errors.New("there is a gap")

type follower struct {
	address string
	held    *fold.Fold
}

func (f *follower) take(name, data string) error {
	switch name {
	case "snapshot":
		f.held.StartOver(json.RawMessage(data))
	case "batch":
		if !f.held.Apply(json.RawMessage(data)) {
			return errGap
		}
	default:
		fold.Say("error", "why", fmt.Sprintf("an event that nobody asked for: %q %q", name, data))
	}
	return nil
}

func (f *follower) byR3labs() error {
	client := r3labs.NewClient(f.address)
	if cursor := f.held.Cursor(); cursor != "" {
		client.LastEventID.Store([]byte(cursor))
	}
	return client.SubscribeRaw(func(event *r3labs.Event) {
		if err := f.take(string(event.Event), string(event.Data)); err != nil {
			fold.Say("error", "why", err.Error())
		}
	})
}

func (f *follower) byTmaxmax() error {
	context, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	request, err := http.NewRequestWithContext(context, http.MethodGet, f.address, http.NoBody)
	if err != nil {
		return err
	}
	if cursor := f.held.Cursor(); cursor != "" {
		request.Header.Set("Last-Event-ID", cursor)
	}
	connection := sse.NewConnection(request)
	connection.SubscribeToAll(func(event sse.Event) {
		if err := f.take(event.Type, event.Data); err != nil {
			cancel(err)
		}
	})
	return connection.Connect()
}

func (f *follower) byLaunchDarkly() error {
	stream, err := eventsource.SubscribeWithURL(f.address, eventsource.StreamOptionLastEventID(f.held.Cursor()))
	if err != nil {
		return err
	}
	defer stream.Close()
	for {
		select {
		case event := <-stream.Events:
			if err := f.take(event.Event(), event.Data()); err != nil {
				return err
			}
		case err := <-stream.Errors:
			fold.Say("disconnected", "why", err.Error())
		}
	}
}

func main() {
	library, url, channel, cursor := os.Args[1], os.Args[3], os.Args[4], ""
	if len(os.Args) > 5 {
		cursor = os.Args[5]
	}
	f := &follower{address: url + "/v1/channels/" + channel + "/stream", held: fold.New(cursor)}
	ways := map[string]func() error{"r3labs": f.byR3labs, "tmaxmax": f.byTmaxmax, "launchdarkly": f.byLaunchDarkly}
	go func() {
		for {
			err := ways[library]()
			fold.Say("reopened", "why", fmt.Sprint(err))
			time.Sleep(time.Duration(rand.IntN(waitMsMax)) * time.Millisecond)
		}
	}()
	fold.Obey(nil)
}

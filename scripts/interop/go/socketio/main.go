// Follows a channel by a Socket.IO client with its default options: socketio LIBRARY TRANSPORT URL CHANNEL [CURSOR].
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/zishang520/socket.io/clients/socket/v3"
	"github.com/zishang520/socket.io/v3/pkg/types"
	"wirecopy.example/interop/fold"
)

func main() {
	transport, url, channel, cursor := os.Args[2], os.Args[3], os.Args[4], ""
	if len(os.Args) > 5 {
		cursor = os.Args[5]
	}
	held := fold.New(cursor)

	options := socket.DefaultOptions()
	// An upgrade is what a stock client does by default: it begins by polling.
	switch transport {
	case "polling":
		options.SetTransports(types.NewSet(socket.Polling))
	case "websocket":
		options.SetTransports(types.NewSet(socket.WebSocket))
	}
	client, err := socket.Connect(url, options)
	if err != nil {
		panic(err)
	}

	var follow func()
	apply := func(batch json.RawMessage) {
		if !held.Apply(batch) {
			follow()
		}
	}
	follow = func() {
		request := map[string]string{"channel": channel}
		if after := held.Cursor(); after != "" {
			request["after"] = after
		}
		client.EmitWithAck("follow", request)(func(answers []any, err error) {
			if err != nil {
				fold.Say("error", "why", err.Error())
				return
			}
			var answer struct {
				Ok              bool
				Snapshot, Batch json.RawMessage
				Error           struct{ Code string }
			}
			decode(answers[0], &answer)
			switch {
			case !answer.Ok:
				fold.Say("refused", "why", answer.Error.Code)
			case answer.Snapshot != nil:
				held.StartOver(answer.Snapshot)
			default:
				apply(answer.Batch)
			}
		})
	}
	client.On("connect", func(...any) { follow() })
	client.On("batch", func(values ...any) {
		var batch json.RawMessage
		decode(values[0], &batch)
		apply(batch)
	})
	client.On("disconnect", func(why ...any) { fold.Say("disconnected", "why", fmt.Sprint(why...)) })
	client.On("connect_error", func(why ...any) { fold.Say("error", "why", fmt.Sprint(why...)) })
	fold.Obey(map[string]func(){
		"follow": follow,
		"unfollow": func() {
			client.EmitWithAck("unfollow", map[string]string{"channel": channel})(func([]any, error) {
				fold.Say("unfollowed", "why", "")
			})
		},
	})
}

// The library gives JSON as maps; decode makes a value of ours of them.
func decode(value, into any) {
	text, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		panic(err)
	}
}

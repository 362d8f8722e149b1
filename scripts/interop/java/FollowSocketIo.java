import io.socket.client.Ack;
import io.socket.client.IO;
import io.socket.client.Socket;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.util.Arrays;
import org.json.JSONException;
import org.json.JSONObject;

/** Follows a channel by socket.io-client with its default options: FollowSocketIo LIBRARY TRANSPORT URL CHANNEL [CURSOR]. */
public final class FollowSocketIo {
    private final Fold fold;
    private final Socket socket;
    private final String channel;

    private FollowSocketIo(String transport, URI url, String channel, String cursor) {
        this.channel = channel;
        fold = new Fold(cursor);
        IO.Options options = new IO.Options();
        // An upgrade is what a stock client does by default: it begins by polling.
        if (!transport.equals("upgrade")) options.transports = new String[] {transport};
        socket = IO.socket(url, options);
        socket.on(Socket.EVENT_CONNECT, arguments -> follow());
        socket.on(Socket.EVENT_DISCONNECT, arguments -> Fold.say("disconnected", "why", Arrays.toString(arguments)));
        socket.on(Socket.EVENT_CONNECT_ERROR, arguments -> Fold.say("error", "why", Arrays.toString(arguments)));
        socket.on("batch", arguments -> apply((JSONObject) arguments[0]));
    }

    private void follow() {
        ask("follow", fold.cursor(), arguments -> {
            try {
                JSONObject answer = (JSONObject) arguments[0];
                if (!answer.getBoolean("ok")) Fold.say("refused", "why", answer.getJSONObject("error").getString("code"));
                else if (answer.has("snapshot")) fold.startOver(answer.getJSONObject("snapshot"));
                else apply(answer.getJSONObject("batch"));
            } catch (JSONException error) {
                throw new IllegalStateException(error);
            }
        });
    }

    private void apply(JSONObject batch) {
        try {
            if (!fold.apply(batch)) follow();
        } catch (JSONException error) {
            throw new IllegalStateException(error);
        }
    }

    private void ask(String event, String after, Ack answered) {
        try {
            socket.emit(event, new JSONObject().put("channel", channel).putOpt("after", after), answered);
        } catch (JSONException error) {
            throw new IllegalStateException(error);
        }
    }

    public static void main(String[] arguments) throws Exception {
        String cursor = arguments.length > 4 ? arguments[4] : null;
        var program = new FollowSocketIo(arguments[1], URI.create(arguments[2]), arguments[3], cursor);
        program.socket.connect();
        var commands = new BufferedReader(new InputStreamReader(System.in));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            if (line.equals("follow")) program.follow();
            if (line.equals("unfollow")) program.ask("unfollow", null, answer -> Fold.say("unfollowed", "why", ""));
        }
        System.exit(0);
    }
}

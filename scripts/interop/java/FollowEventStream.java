import com.launchdarkly.eventsource.ConnectStrategy;
import com.launchdarkly.eventsource.ErrorStrategy;
import com.launchdarkly.eventsource.EventSource;
import com.launchdarkly.eventsource.MessageEvent;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.sse.EventSourceListener;
import okhttp3.sse.EventSources;
import org.json.JSONObject;

/** Follows a channel by a client of event streams: FollowEventStream LIBRARY TRANSPORT URL CHANNEL [CURSOR]. */
public final class FollowEventStream {
    private static final int WAIT_MS_MAX = 2_000;
    private static final Duration SILENCE_MAX = Duration.ofSeconds(60);

    private final String address;
    private final Fold fold;

    private FollowEventStream(String url, String channel, String cursor) {
        address = url + "/v1/channels/" + channel + "/stream";
        fold = new Fold(cursor);
    }

    private void take(String name, String data) {
        if (name.equals("snapshot")) fold.startOver(new JSONObject(data));
        else if (!name.equals("batch")) Fold.say("error", "why", "an event that nobody asked for: " + name + " " + data);
        else if (!fold.apply(new JSONObject(data))) throw new IllegalStateException("There is a gap.");
    }

    /** It reads one stream; coming back is the program's part. */
    private void byOkHttp() throws InterruptedException {
        OkHttpClient client = new OkHttpClient.Builder().readTimeout(SILENCE_MAX).build();
        for (;;) {
            Request.Builder request = new Request.Builder().url(address);
            if (fold.cursor() != null) request.header("Last-Event-ID", fold.cursor());
            CountDownLatch ended = new CountDownLatch(1);
            EventSources.createFactory(client).newEventSource(request.build(), new EventSourceListener() {
                @Override
                public void onEvent(okhttp3.sse.EventSource source, String id, String type, String data) {
                    take(type == null ? "message" : type, data);
                }

                @Override
                public void onClosed(okhttp3.sse.EventSource source) {
                    Fold.say("disconnected", "why", "the stream ended");
                    ended.countDown();
                }

                @Override
                public void onFailure(okhttp3.sse.EventSource source, Throwable error, Response response) {
                    Fold.say("disconnected", "why", error == null ? String.valueOf(response) : error.toString());
                    ended.countDown();
                }
            });
            ended.await();
            Thread.sleep(ThreadLocalRandom.current().nextInt(WAIT_MS_MAX));
        }
    }

    /** It comes back by itself, with Last-Event-ID. */
    private void byLaunchDarkly() throws Exception {
        var source = new EventSource.Builder(ConnectStrategy.http(URI.create(address)).readTimeout(60, java.util.concurrent.TimeUnit.SECONDS))
                .errorStrategy(ErrorStrategy.alwaysContinue())
                .lastEventId(fold.cursor())
                .build();
        for (;;) {
            for (var event : source.anyEvents()) {
                if (event instanceof MessageEvent message) take(message.getEventName(), message.getData());
            }
        }
    }

    public static void main(String[] arguments) throws IOException {
        String library = arguments[0];
        var program = new FollowEventStream(arguments[2], arguments[3], arguments.length > 4 ? arguments[4] : null);
        Thread follower = new Thread(() -> {
            try {
                if (library.equals("okhttp-sse")) program.byOkHttp();
                else program.byLaunchDarkly();
            } catch (Exception error) {
                Fold.say("error", "why", error.toString());
            }
        });
        follower.setDaemon(true);
        follower.start();
        System.in.readAllBytes();
        System.exit(0);
    }
}

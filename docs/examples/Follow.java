import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Timer;
import java.util.TimerTask;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;

/** Follows a channel as an event stream, and prints the JSON of each event on a line: java Follow.java CHANNEL */
public final class Follow {
    /** A comment comes every 10 seconds. A stream that is silent for much longer is dead. */
    private static final long SILENCE_NS_MAX = 45_000_000_000L;

    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    private final URI url;
    private String cursor;
    private String id;
    private String data;
    private volatile long heardNs;

    private Follow(String channel) {
        url = URI.create(System.getenv("WIRECOPY") + "/v1/channels/" + channel + "/stream");
    }

    /** Follows from the cursor until the stream ends. */
    private void read() throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(url);
        if (cursor != null) request.header("Last-Event-ID", cursor);
        HttpResponse<Stream<String>> response = CLIENT.send(request.build(), BodyHandlers.ofLines());
        Timer timer = new Timer(true);
        try (Stream<String> lines = response.body()) {
            if (response.statusCode() != 200) throw new IOException("refused: " + response.statusCode());
            heardNs = System.nanoTime();
            TimerTask closeIfSilent = new TimerTask() {
                @Override
                public void run() {
                    if (System.nanoTime() - heardNs > SILENCE_NS_MAX) lines.close();
                }
            };
            timer.schedule(closeIfSilent, 1_000, 1_000);
            lines.forEach(this::take);
        } finally {
            timer.cancel();
            data = null;
        }
    }

    private void take(String line) {
        heardNs = System.nanoTime();
        if (line.startsWith("id: ")) id = line.substring(4);
        if (line.startsWith("data: ")) data = line.substring(6);
        if (line.isEmpty() && data != null) {
            System.out.println(data);
            cursor = id;
            data = null;
        }
    }

    public static void main(String[] arguments) throws InterruptedException {
        Follow follow = new Follow(arguments[0]);
        for (;;) {
            try {
                follow.read();
            } catch (IOException | UncheckedIOException error) {
                System.err.println(error);
            }
            Thread.sleep(ThreadLocalRandom.current().nextLong(500, 2_500));
        }
    }
}

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Publishes a post, then corrects its headline: java Publish.java CHANNEL HEADLINE CORRECTED
 *
 * <p>The texts must not contain quotation marks or backslashes: the JDK has no JSON, so they are put into it as they are.
 */
public final class Publish {
    private static final int ATTEMPTS_MAX = 8;
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    /** Sends a write until it is answered. The same Idempotency-Key each time makes it one write. */
    private static HttpResponse<String> call(String method, String path, String ifMatch, String body)
            throws InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(System.getenv("WIRECOPY") + path))
                .method(method, BodyPublishers.ofString(body))
                .timeout(Duration.ofSeconds(30))
                .header("Authorization", "Bearer " + System.getenv("KEY"))
                .header("Content-Type", "application/json")
                .header("Idempotency-Key", UUID.randomUUID().toString());
        if (ifMatch != null) request.header("If-Match", ifMatch);
        for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
            long waitMs = ThreadLocalRandom.current().nextLong(500L << attempt);
            try {
                HttpResponse<String> response = CLIENT.send(request.build(), BodyHandlers.ofString());
                int status = response.statusCode();
                if (status < 300) return response;
                if (status != 429 && status != 503) throw new IllegalStateException(response.body());
                waitMs += 1_000 * response.headers().firstValueAsLong("Retry-After").orElse(0);
            } catch (IOException error) {
                System.err.println(error);
            }
            Thread.sleep(waitMs);
        }
        throw new IllegalStateException(method + " " + path + " was not answered.");
    }

    public static void main(String[] arguments) throws InterruptedException {
        String posts = "/v1/channels/" + arguments[0] + "/posts";
        var published = call("POST", posts, null, "{ \"headline\": \"%s\" }".formatted(arguments[1]));
        String post = published.headers().firstValue("Location").orElseThrow();
        String etag = published.headers().firstValue("ETag").orElseThrow();
        String edit = """
                { "headline": "%s", "correction": { "text": "An earlier headline was: %s" } }
                """;
        // If-Match names the version that was seen, so an edit of somebody else is never overwritten.
        var edited = call("PATCH", post, etag, edit.formatted(arguments[2], arguments[1]));
        System.out.println(post + " " + edited.headers().firstValue("ETag").orElseThrow());
    }
}

import org.json.JSONException;
import org.json.JSONObject;

/**
 * What the programs of this folder share: the cursor, the rules for a batch (PROTOCOL.md, "What a client does with a
 * batch"), and the lines that they print.
 */
final class Fold {
    private String cursor;

    Fold(String cursor) {
        this.cursor = cursor;
    }

    synchronized String cursor() {
        return cursor;
    }

    synchronized void startOver(JSONObject snapshot) throws JSONException {
        cursor = snapshot.getString("cursor");
        say("snapshot", "snapshot", snapshot);
    }

    /** Returns false if something is missing; the caller then follows again from the cursor. */
    synchronized boolean apply(JSONObject batch) throws JSONException {
        String[] parts = (cursor == null ? ":-1" : cursor).split(":");
        long offset = Long.parseLong(parts[1]);
        boolean sameLog = batch.getString("epoch").equals(parts[0]);
        if (sameLog && batch.getLong("to") <= offset) return true;
        if (!sameLog || batch.getLong("from") != offset) return false;
        cursor = batch.getString("epoch") + ":" + batch.getLong("to");
        say("batch", "batch", batch);
        return true;
    }

    static void say(String event, String name, Object value) {
        try {
            String line = new JSONObject().put("event", event).put(name, value).toString();
            synchronized (System.out) {
                System.out.println(line);
                System.out.flush();
            }
        } catch (JSONException error) {
            throw new IllegalStateException(error);
        }
    }
}

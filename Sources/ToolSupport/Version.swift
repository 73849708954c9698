/// The version of the toolkit, as `--version` prints it.
public enum Version {
    public static let text = "ocinoco 0.1.0"
}

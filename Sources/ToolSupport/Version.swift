import CBuild

/// The version of the toolkit and the commit it was built from, as `--version` prints them.
public enum Version {
    public static let text: String = {
        let commit = String(cString: build_commit)
        return "ocinoco 0.1.0" + (commit.isEmpty ? "" : " (\(commit))")
    }()
}

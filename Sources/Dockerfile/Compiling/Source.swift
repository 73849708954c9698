/// A stage or an image that files are copied from, and the paths of it that must be unpacked.
struct Source {
    /// The file of its image line, without the ending.
    let image: String
    /// The directory that it is unpacked in.
    let root: String
    /// The command that fetches an image; empty for a stage.
    let fetch: [ShellWord]
    /// Options for tools that read its layers.
    let places: [ShellWord]
    /// Whether it has no files.
    let isEmpty: Bool
    /// Whether it may be unpacked already: a stage in which programs run.
    let mayBeThere: Bool
    /// The paths that are copied from it; nil for everything.
    private(set) var paths: [String]? = []
    private var pathSize = CommandSize()
    private var pathNames: Set<[UInt8]> = []

    init(
        image: String, root: String, fetch: [ShellWord] = [], places: [ShellWord],
        isEmpty: Bool, mayBeThere: Bool = false
    ) {
        self.image = image
        self.root = root
        self.fetch = fetch
        self.places = places
        self.isEmpty = isEmpty
        self.mayBeThere = mayBeThere
    }

    /// Records a path that is copied. A path with wildcards of COPY stands for everything in the
    /// last directory before the first wildcard.
    mutating func add(_ path: String) {
        var fixed: [Substring] = []
        for component in path.split(separator: "/") where component != "." {
            if component.unicodeScalars.contains(where: { "*?[\\".unicodeScalars.contains($0) }) {
                break
            }
            if component == ".." { _ = fixed.popLast() } else { fixed.append(component) }
        }
        let wanted = "/" + fixed.joined(separator: "/")
        guard paths != nil, pathNames.insert(Array(wanted.utf8)).inserted else { return }
        pathSize.add("--only=".utf8.count + wanted.utf8.count)
        // More paths than one command takes stand for everything too.
        if fixed.isEmpty || pathSize.byteCount > CommandSize.limit / 2 {
            paths = nil
        } else {
            paths?.append(wanted)
        }
    }
}

enum SourceName: Hashable {
    case stage(Int)
    case image(String)
}

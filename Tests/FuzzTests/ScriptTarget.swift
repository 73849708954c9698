import Dockerfile
import OCI

/// Dockerfiles that start from scratch, with one text in every place: in the script it is always
/// quoted, in a file's content or in a comment.
@Sendable func checkScript(_ input: [UInt8]) throws {
    let text = text(input)
    try checkSkeleton(of: input, text)
    let quoted = "\"" + text.flatMap { "\"\\$`".contains($0) ? ["\\", $0] : [$0] } + "\""
    // Only a few for each input, since all of them would take seconds.
    for (index, template) in templates.enumerated() where index % 6 == input.count % 6 {
        let file = template.replacing("@", with: text).replacing("%", with: quoted)
        try checkSkeleton(of: Array("FROM scratch AS s\n\(file)\n".utf8), text)
    }
}

private let templates = [
    "ENV a=@", "ENV % b", "ENV a %", "LABEL %=%", "ARG A=@", "ARG A\nENV x=$A", "USER @",
    "WORKDIR @",
    "WORKDIR %", "EXPOSE @", "VOLUME @", "STOPSIGNAL @", "MAINTAINER @", "CMD @", "ENTRYPOINT @",
    "SHELL [%]\nRUN x", "HEALTHCHECK CMD @", "ONBUILD @", "COPY @ /", "COPY % /x", "COPY a @",
    "COPY --chown=@ a /", "COPY --chown=% a /", "COPY --chmod=@ a /", "COPY --exclude=@ a /",
    "COPY --from=@ a /", "COPY <<@ /\n@\n@", "COPY <<% /\n@\n", "COPY <<a /\n@\n$A\na\n",
    "ADD http://@ /", "ADD --checksum=@ http://h/x /", "ADD https://h/% /", "RUN @", "RUN [%]",
    "RUN <<a\n#!/x\n@\na", "RUN <<@\n#!/x\n@\n@", "RUN --mount=@ x", "RUN --network=@ x",
    "RUN --mount=type=bind,source=%,target=% x", "RUN --mount=type=cache,id=%,target=/x x",
    "RUN --mount=type=secret,id=@ x", "FROM s AS @", "FROM @",
    "COPY --from=s % /\nRUN --mount=from=s,source=%,target=/x x",
]

private func checkSkeleton(of bytes: [UInt8], _ argument: String) throws {
    for isolation in BuildRequest.Isolation.allCases {
        for isCached in [false, true] {
            var request = BuildRequest(platform: Platform(os: "linux", architecture: "amd64"))
            request.isolation = isolation
            request.destinations = ["oci:" + argument]
            request.buildArguments = try [KeyValue("A=" + argument)]
            request.context = argument
            request.fileName = argument
            request.knownImage = isCached ? argument : nil
            request.stepCaches = isCached ? [argument] : []
            request.mountCache = isCached ? argument : nil
            let script = try outcome { try compiled(bytes, request) }
            guard let script = script.value else { continue }
            try Skeleton(script).check()
        }
    }
}

private func compiled(_ bytes: [UInt8], _ request: BuildRequest) throws -> String {
    try DockerfileCompiler.compile(Dockerfile(bytes), request) { reference, platform in
        BaseImage(reference: reference, config: ImageConfig(platform: platform))
    }.text
}

/// A script without quoted text, contents of files, and comments.
private struct Skeleton {
    private var lines: [String] = []

    /// The state of the reader: quotes inside quotes are plain text, except in a command.
    private enum Context {
        case plain
        case double
        case command
    }

    /// Reads like sh: comments to the end of the line, single quotes to the next one, and the
    /// content of a file to its delimiter.
    init(_ script: String) throws(Broken) {
        var rest = Array(script.unicodeScalars)[...]
        var line = String.UnicodeScalarView()
        var quoted: ArraySlice<Unicode.Scalar> = []
        var contexts = [Context.plain]
        while let scalar = rest.popFirst() {
            let isDouble = contexts.last == .double
            switch scalar {
            case "\\":
                // The next character is literal, or the line continues.
                if let next = rest.popFirst(), next != "\n" { line.append("B") }
            case "\"":
                if isDouble { contexts.removeLast() } else { contexts.append(.double) }
                line.append(scalar)
            case "(" where line.last == "$":
                contexts.append(.command)
                line.append(scalar)
            case ")" where contexts.last == .command:
                contexts.removeLast()
                line.append(scalar)
            case "'" where !isDouble:
                guard let end = rest.firstIndex(of: "'") else { throw Broken("an open quote") }
                quoted = rest[..<end]
                rest = rest[(end + 1)...]
                line.append("Q")
            case "#" where !isDouble && (line.last == nil || line.last == "\t" || line.last == " "):
                rest = rest.drop { $0 != "\n" }
            case "\n":
                // `cat >FILE <<'END'`
                if String(line).hasSuffix("<<Q") { try Skeleton.skip(to: Array(quoted), &rest) }
                lines.append(String(line))
                line = String.UnicodeScalarView()
            default: line.append(scalar)
            }
        }
        try expect(contexts == [.plain], "an open quote")
    }

    private static func skip(
        to end: [Unicode.Scalar], _ rest: inout ArraySlice<Unicode.Scalar>
    ) throws(Broken) {
        while !rest.isEmpty {
            let line = rest.prefix { $0 != "\n" }
            rest = rest.dropFirst(line.count + 1)
            if Array(line) == end { return }
        }
        throw Broken("a file without its end")
    }

    /// Unquoted text is the compiler's own: no command substitution, and only the characters of its
    /// functions and file names.
    func check() throws(Broken) {
        for line in lines {
            let isPlain = line.unicodeScalars.allSatisfy {
                $0.isASCII && ($0.value >= 0x20 || $0 == "\t")
            }
            try expect(isPlain, "outside quotes: \(line)")
            try expect(!line.contains("`"), "a command in \(line)")
            let substitutions = line.split(separator: "$(", omittingEmptySubsequences: false)
            for part in substitutions.dropFirst() {
                let known = [
                    "command -v ", "id -u)", "mktemp -d)", "uname -n)", "cd -- ",
                    "readlink \"$1", "readlink \"$bundle", "(",
                ]
                try expect(known.contains { part.hasPrefix($0) }, "a command in \(line)")
            }
        }
    }
}

import JSON
import OCI
import Testing

@testable import Dockerfile

private let linux = Platform(os: "linux", architecture: "amd64")

/// The script of a Dockerfile: `body` from its first instruction on, without the push, and all of it.
private func compile(
    _ text: String, _ change: (inout BuildRequest) throws -> Void = { _ in }
) throws -> (body: String, whole: String, warnings: [String]) {
    var request = BuildRequest(platform: linux)
    request.destinations = ["r.example/app:1"]
    request.knownImage = "r.example/app:1"
    try change(&request)
    let config =
        #"{"architecture":"amd64","os":"linux","config":{"Env":["PATH=/bin"],"Cmd":["sh"]},"#
        + #""rootfs":{"type":"layers","diff_ids":["sha256:\#(String(repeating: "a", count: 64))"]}}"#
    let script = try DockerfileCompiler.compile(Dockerfile(Array(text.utf8)), request) {
        reference, _ in
        BaseImage(
            reference: "\(reference)@sha256:b",
            config: try ImageConfig(JSONField(JSON.parse(Array(config.utf8)))))
    }
    let lines = joined(script.text).split(separator: "\n", omittingEmptySubsequences: false)
    let start = lines.firstIndex { $0.hasPrefix("# Dockerfile:") } ?? lines.startIndex
    let end = lines.lastIndex { $0.hasPrefix("oci-push-manifest ") } ?? lines.endIndex
    return (
        lines[start..<end].filter { !$0.isEmpty }.joined(separator: "\n"), joined(script.text),
        script.warnings
    )
}

/// Lines that are continued as one.
private func joined(_ script: String) -> String {
    var parts = script.split(separator: " \\\n", omittingEmptySubsequences: false).map(String.init)
    for index in parts.indices.dropFirst() {
        parts[index] = String(parts[index].drop { $0 == "\t" })
    }
    return parts.joined(separator: " ")
}

/// The result of the instruction in the last line, in a stage from scratch.
private func last(
    _ text: String, _ change: (inout BuildRequest) throws -> Void = { _ in }
) throws -> String {
    let text = "FROM scratch\n" + text
    let line = text.split(separator: "\n").count
    let body = try compile(text, change).body
    guard let range = body.range(of: "# Dockerfile:\(line): ") else { return body }
    return String(body[range.lowerBound...].drop { $0 != "\n" }.dropFirst())
        .replacing(" --comment=buildkit.dockerfile.v0", with: "")
}

extension String {
    fileprivate func range(of part: String) -> Range<Index>? { ranges(of: part).last }
}

@Suite struct CompilerTests {
    @Test func from() throws {
        #expect(
            try compile("FROM scratch").body == #"""
                # Dockerfile:1: FROM scratch
                oci-fetch --platform=linux/amd64 scratch |
                	oci-config --env=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --workdir=/ >"$work"/stage0.json
                """#)
        #expect(
            try compile("ARG B=b\nFROM --platform=linux/arm64 $B:1 AS One\nFROM one").body == #"""
                # Dockerfile:2: FROM --platform=linux/arm64 $B:1 AS One
                oci-fetch --platform=linux/arm64 b:1@sha256:b >"$work"/one.json
                # Dockerfile:3: FROM one
                # no layer is added
                oci-manifest-append --no-layer <"$work"/one.json >"$work"/stage1.finished.json
                """#)
    }

    @Test(arguments: [
        ("ENV a=b 'c d'=\"e f\"", "--env=a=b --env='c d=e f' --history='ENV a=b c d=e f'"),
        ("ARG A=1 B", "--history='ARG A=1 B'"),
        ("LABEL k=\"it's\"", #"--label='k=it'\''s' --history='LABEL k=it'\''s'"#),
        ("EXPOSE 127.0.0.1:8080:80/", "--expose=80/ --history='EXPOSE [80/tcp]'"),
        ("CMD", #"--cmd='["/bin/sh","-c",""]' --history='CMD ["/bin/sh" "-c" ""]'"#),
        ("EXPOSE 80 53/udp", "--expose=53/udp --expose=80 --history='EXPOSE [53/udp 80/tcp]'"),
        ("VOLUME /a /b", "--volume=/a --volume=/b --history='VOLUME [/a /b]'"),
        ("VOLUME data", "--patch=\"$work\"/stage0.config.patch --history='VOLUME [data]'"),
        ("USER 1\nUSER $NO", "--clear=user --history='USER 1' --history='USER '"),
        ("USER 1:2", "--user=1:2 --history='USER 1:2'"),
        ("STOPSIGNAL 9", "--stop-signal=9 --history='STOPSIGNAL 9'"),
        ("MAINTAINER me", "--author=me --history='MAINTAINER me'"),
        (
            "CMD echo $HOME",
            #"--cmd='["/bin/sh","-c","echo $HOME"]' --history='CMD ["/bin/sh" "-c" "echo $HOME"]'"#
        ),
        ("ENTRYPOINT [\"/e\"]", #"--entrypoint='["/e"]' --history='ENTRYPOINT ["/e"]'"#),
        ("SHELL [\"/s\", \"-x\"]", #"--shell='["/s","-x"]' --history='SHELL [/s -x]'"#),
        ("ONBUILD RUN x", "--onbuild='RUN x'"),
        (
            "HEALTHCHECK NONE",
            "--no-healthcheck "
                + "--history='HEALTHCHECK {Test:[NONE] Interval:0s Timeout:0s StartPeriod:0s StartInterval:0s Retries:0}'"
        ),
        ("WORKDIR /", "--workdir=/ --history='WORKDIR /'"),
    ])
    func config(line: String, options: String) throws {
        let expected = "oci-config \(options) <\"$work\"/stage0.json >\"$work\"/stage0.config.json"
        #expect(try last(line).hasSuffix(expected))
    }

    @Test func healthcheck() throws {
        let options = try last(
            "HEALTHCHECK --interval=1m --start-period=2s --retries=3 CMD [\"/c\"]")
        #expect(
            options.contains(
                #"--healthcheck='{"Test":["CMD","/c"],"Interval":60000000000,"StartPeriod":2000000000,"Retries":3}'"#
            ))
    }

    @Test func copies() throws {
        #expect(
            try last("COPY a b /c/") == #"""
                what='COPY in line 2'
                store "$work"/stage0.2.layer oci-tar --copy=/c/ --xattrs -- a b
                oci-manifest-append --created-by='COPY a b /c/ # buildkit' "$work"/stage0.2.layer <"$work"/stage0.json >"$work"/stage0.2.json
                """#)
        let flags =
            "COPY --chown=1:2 --chmod=u=rwX --exclude=*.o --parents --link [\"a b\", \"/c\"]\n"
        #expect(
            try last(flags).contains(
                #"store "$work"/stage0.2.layer oci-tar --copy=/c --chown=1:2 --chmod=u=rwX "#
                    + "--exclude='*.o' --parents --xattrs -- 'a b'\n"))
        // Existing files are looked for only where it matters.
        #expect(try last("COPY a /\nCOPY --link b /").contains("oci-list") == false)
        #expect(try last("COPY a /\nCOPY b /").contains("--base=\"$work\"/stage0.2.list"))
        #expect(
            try last("COPY a /\nCOPY b /") { $0.listsBase = false }.contains("--base") == false)
        #expect(
            try last("ADD a.tar /") { $0.context = "/ctx dir" }.contains(
                #"store "$work"/stage0.2.layer oci-tar --copy=/ --context='/ctx dir' --unpack --xattrs -- a.tar"#
            ))
        #expect(
            try last("COPY a /") { $0.knownImage = nil }.contains(
                "pack oci-tar --copy=/ --xattrs -- a |\n\tbehind oci-zstd |\n\tbehind oci-push-blob "
            ))
    }

    @Test(arguments: ["abc", "0o755", "u=rwx,bogus", "10000", "888"])
    func modesAreChecked(mode: String) {
        let error = #expect(throws: DockerfileError.self) {
            try last("ARG mode=\(mode)\nCOPY --chmod=$mode a /")
        }
        #expect(error?.position == SourcePosition(line: 3, column: 6))
    }

    @Test func addressesKeepTheirPlaces() throws {
        let body = try last("ADD http://h/f a http://h/f http://h/g b http://h/i /d/")
        #expect(
            body.contains(
                #"--inline=0:"$work"/stage0.2.inline.0 --inline=1:"$work"/stage0.2.inline.1 "#))
        #expect(body.contains(#"--inline=2:"$work"/stage0.2.inline.2 --xattrs -- a b"#))
        #expect(
            body.contains("'ADD http://h/f a http://h/f http://h/g b http://h/i /d/ # buildkit'"))
        #expect(body.ranges(of: "mkdir ").count == 3)
    }

    /// Without a listing for its paths, a copy has one for the names that it needs.
    @Test func namesWithoutAListing() throws {
        let lines = "COPY a /\nUSER app\n"
        let named = try last(lines + "COPY --chown=app b /c/") { $0.listsBase = false }
        #expect(named.contains("oci-list --from=r.example/app:1 <"))
        #expect(
            named.contains("--copy=/c/ --link --base=\"$work\"/stage0.config.list --chown=app "))
        let linked = try last(lines + "COPY --link --chown=app b /c/") { $0.listsBase = false }
        #expect(linked.contains("oci-tar --copy=/c/ --link --base=\"$work\"/stage0.config.list "))
        let directory = try last(lines + "WORKDIR d") { $0.listsBase = false }
        #expect(directory.contains("oci-tar --copy=/d/ --base=\"$work\"/stage0.config.list "))
        for line in ["COPY --chown=1:2 b /c/", "USER 1:2\nWORKDIR d", "COPY b /c/"] {
            let body = try last("COPY a /\n" + line) { $0.listsBase = false }
            #expect(!body.contains("--base=") && !body.contains("--link"))
        }
        // Where programs ran, the files are there.
        let unpacked = try last(lines + "RUN x\nCOPY --chown=app b /c/") { $0.listsBase = false }
        #expect(unpacked.contains(" --copy=/c/ --base=\"$work\"/stage0.config.bundle/rootfs "))
    }

    @Test func pivots() throws {
        #expect(try last("COPY --parents a/./b /a//./c /d/").contains("-- a/./b /a//./c"))
        #expect(try last("COPY --parents a/./b a/c /d/").contains("-- a/./b a/c"))
    }

    @Test func copiesFromOthers() throws {
        let body = try compile(
            """
            FROM scratch AS a
            COPY x /
            FROM scratch
            COPY --from=a /x/y* /z/../w/./v /
            COPY --from=img:1 /etc/passwd /
            """
        ).whole
        #expect(body.contains("\n# img:1, which files are copied from\n"))
        #expect(body.contains(" --only=/etc/passwd --follow <\"$work\"/image.json |"))
        #expect(body.contains(" --only=/x --only=/w/v --follow <\"$work\"/a.2.json |"))
        #expect(
            body.contains(
                #"oci-tar --copy=/ --context="$work"/a.2.root "$owners" --xattrs -- '/x/y*' /z/../w/./v"#
            ))
        // Everything, unless a part is named.
        let all = try compile("FROM scratch AS a\nCOPY x /\nFROM scratch\nCOPY --from=a / /\n")
            .whole
        #expect(!all.contains("--only"))
    }

    /// An empty `--from` is the context, and scratch is an empty stage.
    @Test func copiesFromNothing() throws {
        #expect(try last("COPY --from= x /") == last("COPY x /"))
        #expect(
            try last("RUN --mount=type=bind,from=,target=/m x").contains(
                "oci-tar --copy=/copy --context=. "))
        let text = "FROM scratch\nCOPY --from=scratch / /\nCOPY --from=scratch / /d/\n"
        let body = try compile(text).whole
        #expect(
            body.contains(
                """
                oci-fetch --platform=linux/amd64 scratch >"$work"/image.json
                mkdir -p "$work"/image.root\n
                """))
        #expect(body.ranges(of: "--context=\"$work\"/image.root \"$owners\"").count == 2)
        #expect(!body.contains("oci-flatten"))
    }

    @Test func heredocs() throws {
        #expect(
            try last("COPY <<a <<'b' /d/\n$PATH $(x)\na\n$PATH\nEND\nb").contains("oci-tar")
        )
        let body = try compile("FROM scratch\nCOPY <<'b' /d/\n$(x)\nEND\nb").body
        #expect(
            body.contains(
                "mkdir \"$work\"/stage0.2.inline\ncat >\"$work\"/stage0.2.inline/b <<'END_'\n$(x)\nEND\nEND_\n"
            ))
    }

    @Test func downloads() throws {
        let digest = String(repeating: "0", count: 64)
        let body = try last("ADD --checksum=sha256:\(digest) http://h/a%20b?q=$x /")
        #expect(
            body.contains(
                #"--proto =http,https --proto-redir =http,https --output "$work"/stage0.2.inline.0/'a b'"#
            ))
        #expect(body.contains("--url 'http://h/a%20b?q='"))
        #expect(body.contains("| grep -qx '\(digest)  -' || {"))
        #expect(try last("ADD https://h/ /").contains("--proto =https --proto-redir =https"))
        #expect(try last("ADD https://h/ /").contains("/__unnamed__"))
    }

    @Test func directories() throws {
        #expect(
            try last("USER app\nWORKDIR a") == #"""
                what='WORKDIR in line 3'
                store "$work"/stage0.3.layer oci-tar --copy=/a/ --chown=app
                oci-manifest-append --created-by='WORKDIR /a' "$work"/stage0.3.layer <"$work"/stage0.config.json |
                	oci-config --workdir=/a >"$work"/stage0.3.json
                """#)
    }

    @Test func programs() throws {
        let body = try last("ENV E=1\nARG A=2\nRUN x $A")
        let expected = #"""
            oci-config --env=A=2 <"$work"/stage0.config.json |
            	oci-runtime-config --step --rootfs="$work"/stage0.config.bundle/rootfs --args='["/bin/sh","-c","x $A"]' ${rootless:+--rootless} --network=host
            """#
        #expect(body.contains(expected))
        #expect(body.contains("--created-by='RUN |1 A=2 /bin/sh -c x $A # buildkit'"))
        #expect(!body.contains("oci-step"))
        #expect(try last("RUN --network=none x").contains(" --network=none "))
        // As in BuildKit, the shell starts a script too, and a proxy has both names.
        let script = try compile("FROM scratch\nSHELL [\"/s\"]\nRUN <<E\n#!/bin/x\nE").body
        #expect(script.contains(#"--args='["/s","/dev/pipes/E"]'"#))
        #expect(script.contains("--created-by='RUN /s /dev/pipes/E # buildkit'"))
        let proxy = try KeyValue("https_proxy=p")
        #expect(
            try last("RUN x") { $0.buildArguments = [proxy] }
                .contains("oci-config --env=HTTPS_PROXY=p --env=https_proxy=p <"))
    }

    @Test(arguments: [
        "RUN []", "RUN --mount=type=bind,target=/ x", "RUN --mount=type=cache x",
        "RUN --mount=type=secret,id=s,target=/ x", "RUN --mount=type=cache,source=/a,target=/b x",
    ])
    func programsThatCannotRun(line: String) {
        #expect(throws: DockerfileError.self) { try last(line) }
    }

    @Test func mountsWithoutATargetAreAtTheWorkingDirectory() throws {
        let body = try last("WORKDIR /w\nRUN --mount=type=bind,source=a x")
        #expect(body.contains("--mount=mount.3.0:/w/"))
    }

    @Test func cachesBeginWithTheirSource() throws {
        let text =
            "FROM scratch AS a\nFROM scratch\nRUN --mount=type=cache,sharing=LOCKED,target=/t,"
        let body = try compile(text + "from=a,source=/s x") { $0.stepCaches = ["oci:c"] }.body
        #expect(body.contains(#"[ -d "$work"/cache-2f74 ] || {"#))
        #expect(body.contains(#"--content="$work"/stage1.3.mount.0 <"#))
        #expect(try !compile(text + "id=x x").body.contains("cache-78 ] || {"))
    }

    @Test func everyStageHasFilesOfItsOwn() throws {
        let body = try compile(
            """
            FROM scratch AS a
            RUN a
            FROM a AS b
            RUN b
            RUN b
            FROM a
            RUN c
            COPY --from=b /b /
            """
        ).body
        let roots = body.split(separator: "\n").filter { $0.contains("as_directory ") }
        #expect(
            roots == [
                #"as_directory "$work"/a.bundle/rootfs"#,
                #"as_directory "$work"/a.2.bundle/rootfs"#,
                #"as_directory "$work"/a.2.bundle-2/rootfs"#,
            ])
        #expect(body.contains(#"--context="$work"/a.2.bundle/rootfs "#))
    }

    @Test func timeOfTheImage() throws {
        let line = "SOURCE_DATE_EPOCH=5\nexport SOURCE_DATE_EPOCH\n"
        let given = try KeyValue("SOURCE_DATE_EPOCH=5")
        #expect(try compile("FROM scratch") { $0.buildArguments = [given] }.whole.contains(line))
        #expect(try compile("ARG SOURCE_DATE_EPOCH=5\nFROM scratch").whole.contains(line))
        let other = "ARG SOURCE_DATE_EPOCH=6\nFROM scratch"
        #expect(try compile(other) { $0.buildArguments = [given] }.whole.contains(line))
        for text in [
            "ARG SOURCE_DATE_EPOCH\nFROM scratch", "FROM scratch\nARG SOURCE_DATE_EPOCH=5",
        ] {
            #expect(try !compile(text).whole.contains("export SOURCE_DATE_EPOCH"))
        }
        #expect(throws: DockerfileError.self) {
            try compile("ARG SOURCE_DATE_EPOCH=x\nFROM scratch")
        }
    }

    @Test func repositories() throws {
        for source in ["git@h:p", "u_1@h.x:", "git://h/p", "ssh://h/p", "https://h/p.git#r"] {
            #expect(throws: DockerfileError.self) { try last("ADD \(source) /") }
        }
        for source in ["git@h", "@h:p", "a b@h:p", "u@h/x:p", "x.git"] {
            #expect(try last("ADD [\"\(source)\", \"/\"]").contains("oci-tar --copy=/ "))
        }
    }

    @Test func programsByChroot() throws {
        let body = try last("USER 5\nWORKDIR /w\nRUN [\"a\", \"b c\"]") { $0.isolation = .chroot }
        #expect(body.contains(" env -i -- PATH="))
        #expect(body.contains(#"find_user "$work"/stage0.3.bundle/rootfs 5"#))
        #expect(body.contains(#"make_directory "$work"/stage0.3.bundle/rootfs /w"#))
        #expect(body.contains(#"HOME="$home" "$chroot" --userspec="$ids" --groups="$groups" "#))
        // A home of the image is that of every user.
        let home = try last("ENV HOME=/h\nRUN a") { $0.isolation = .chroot }
        #expect(home.contains(#"HOME=/h "$chroot" "$work"/stage0.config.bundle/rootfs"#))
        #expect(!home.contains("find_user"))
        #expect(body.contains(#"'cd "$0" && exec "$@"' /w a 'b c'"#))
        // What the loader of the host would heed is set in the chroot alone.
        let loader = try last("ENV LD_PRELOAD=/x A=b\nRUN a") { $0.isolation = .chroot }
        #expect(loader.contains(#"HOME="$home" "$chroot" "$work"/stage0.config.bundle/rootfs"#))
        #expect(loader.contains("&& exec \"$@\"' / LD_PRELOAD=/x -- /bin/sh -c a"))
    }

    @Test func sourcesOfMountsAreNoPatterns() throws {
        let body = try last("RUN --mount=type=bind,source=a[1]*,target=/t x")
        #expect(body.contains(#"-- 'a\[1]\*'"#))
    }

    @Test func errorsInHeredocsHaveTheirLine() throws {
        let error = #expect(throws: DockerfileError.self) {
            try compile("FROM scratch\nCOPY <<E <<F /x/\na\nE\nb\n${B:?none}\nF")
        }
        #expect(error?.position == SourcePosition(line: 6, column: 1))
    }

    @Test func mountsByChroot() throws {
        let secret = try KeyValue("s=file")
        let line =
            "RUN --mount=type=bind,target=/b/c --mount=type=cache,target='/b' "
            + "--mount=type=ssh --mount=type=secret,id=s,env=S --network=none x"
        let body = try last(line) {
            $0.isolation = .chroot
            $0.secrets = [secret]
        }
        let mounts = body.split(separator: "\n").filter { $0.contains("mount_at ") }
        #expect(
            mounts == [
                #"mount_at "$work"/stage0.bundle 2 cache mount.2.1 /b"#,
                #"mount_at "$work"/stage0.bundle 2 ro mount.2.0 /b/c"#,
                #"[ -z "$agent1" ] || mount_at "$work"/stage0.bundle 2 agent mount.2.2 /run/buildkit/ssh_agent.0"#,
            ])
        #expect(body.contains(#"in_chroot "$work"/stage0.bundle 2 none env -i -- "#))
        #expect(
            body.contains(
                #"/bin/sh -euc "$with_secret" sh S "$work"/stage0.bundle/mount.2.3 "$chroot""#
            ))
    }

    @Test func steps() throws {
        let body = try last("RUN x\nRUN --mount=type=tmpfs,target=/t y") {
            $0.stepCaches = ["oci:near", "r.example/far"]
        }
        #expect(
            body.contains(
                #"oci-step --args='["/bin/sh","-c","y"]' --mount=type=tmpfs,target=/t <"$work"/stage0.2.json >"$work"/stage0.3.key"#
            ))
        #expect(
            body.contains(
                """
                recall r.example/app:1 "$cache1" "$work"/stage0.3 linux/amd64 "$work"/stage0.bundle/rootfs || {
                	recall r.example/app:1 r.example/far "$work"/stage0.3 linux/amd64 "$work"/stage0.bundle/rootfs || {
                """))
        #expect(
            body.contains(
                """
                		remember r.example/app:1 r.example/far "$work"/stage0.3 linux/amd64
                	}
                	remember r.example/app:1 "$cache1" "$work"/stage0.3 linux/amd64
                }
                """))
    }

    @Test func onlyWhatTheTargetNeeds() throws {
        let text = "FROM scratch AS a\nLABEL a=1\nFROM scratch AS b\nLABEL b=1\nFROM a\nLABEL c=1\n"
        let body = try compile(text).body
        #expect(body.contains("a=1") && body.contains("c=1") && !body.contains("b=1"))
        #expect(try compile(text) { $0.target = "b" }.body.contains("b=1"))
        #expect(throws: DockerfileError.self) { try compile(text) { $0.target = "d" } }
    }

    @Test func layersOfOtherStagesGoNoFarther() throws {
        let whole = try compile(
            """
            FROM scratch AS below
            COPY a /
            FROM below AS other
            COPY b /
            FROM below
            COPY --from=other /b /
            """
        ).whole
        #expect(
            whole.contains(
                #"behind oci-zstd | behind oci-push-blob oci:"$work"/layout >"$work"/other.4.layer"#
                    .replacing(" | ", with: " |\n\t")))
        #expect(
            whole.contains(
                #"oci-flatten --from=r.example/app:1 --from=oci:"$work"/layout --only=/b --follow"#)
        )
        #expect(whole.contains(#"store "$work"/below.2.layer oci-tar --copy=/ "#))
        #expect(whole.contains(#"store "$work"/stage2.6.layer oci-tar --copy=/ "#))
        #expect(!whole.contains(#"store "$work"/other"#))
        // In an unpacked stage too.
        let run = try compile("FROM scratch AS a\nRUN x\nCOPY a /\nFROM scratch\nCOPY --from=a / /")
            .whole
        #expect(run.contains(#"store_unpacked "$work"/a.bundle/rootfs keep "$work"/a.3.layer"#))
        #expect(run.contains("\nkeep() {\n"))
    }

    @Test func whatIsWrittenIsNoPartOfTheContext() throws {
        let body = try compile("FROM scratch\nCOPY . /\nCOPY --from=a:1 / /\nWORKDIR /w") {
            $0.destinations = ["r.example/a:1", "oci:out:1"]
            $0.stepCaches = ["oci:cache/steps"]
            $0.mountCache = "cache/mounts"
        }.body
        #expect(
            body.contains(
                "oci-tar --copy=/ --exclude-output=oci:out:1 --exclude-output=oci:cache/steps "
                    + "--exclude-output=cache/mounts --xattrs -- ."))
        #expect(body.ranges(of: "--exclude-output=oci:out:1").count == 1)
    }

    @Test func agents() throws {
        let body = try last("RUN --mount=type=tmpfs,target=/t --mount=type=ssh --mount=type=ssh x")
        #expect(body.contains("--env=SSH_AUTH_SOCK=/run/buildkit/ssh_agent.0 "))
        #expect(body.contains("\tagent2=yes\n"))
        #expect(body.contains("${agent1:+--mount=mount.2.1:/run/buildkit/ssh_agent.0}"))
        #expect(body.contains("${agent2:+--mount=mount.2.2:/run/buildkit/ssh_agent.1}"))
        #expect(!body.contains("exit 69"))
        #expect(try last("RUN --mount=type=ssh,required x").contains("exit 69"))
        #expect(
            try last("ENV SSH_AUTH_SOCK=/s\nRUN --mount=type=ssh x").contains("--env=SSH") == false)
        #expect(try last("RUN --mount=type=ssh,id=a x").contains("agent1") == false)
        for flags in ["id=a,required", "uid=1", "source=/x"] {
            #expect(throws: DockerfileError.self) { try last("RUN --mount=type=ssh,\(flags) x") }
        }
    }

    @Test func arguments() throws {
        let text = "ARG G=g\nFROM scratch\nARG G\nARG H=$G-h\nENV x=$G,$H,$TARGETARCH,${U:-u}\n"
        #expect(try compile(text).body.contains("--env=x=g,g-h,,u"))
        let given = try compile(text) {
            $0.buildArguments = try [KeyValue("G=q"), KeyValue("N=")]
        }
        #expect(given.body.contains("--env=x=q,q-h,,u"))
        #expect(given.warnings.contains("2:1: no ARG declares the build argument 'N'"))
    }

    /// A later declaration of an argument has the place of the first one.
    @Test func argumentsThatAreDeclaredAgain() throws {
        let text = "FROM scratch AS a\nARG X=1\nARG Y=2\nFROM a\nARG Z\nARG X=3\nRUN x\n"
        #expect(
            try compile(text).body.contains(
                "--created-by='RUN |3 X=3 Y=2 Z= /bin/sh -c x # buildkit'"))
    }

    /// An ARG of a trigger declares a build argument too.
    @Test func argumentsOfTriggers() throws {
        let text = "FROM scratch AS a\nONBUILD ARG V=d\nONBUILD ENV T=$V\nFROM a\n"
        let given = try compile(text) { $0.buildArguments = try [KeyValue("V=x")] }
        #expect(given.body.contains("--env=T=x"))
        #expect(given.warnings.isEmpty)
    }

    @Test func platforms() throws {
        let text = "FROM scratch\nARG TARGETARCH\nLABEL a=$TARGETARCH\n"
        let whole = try compile(text) {
            $0.platforms = [linux, Platform(os: "linux", architecture: "arm64")]
        }.whole
        #expect(whole.contains("--label=a=arm64"))
        #expect(
            whole.hasSuffix(
                """
                cat "$work"/linux-amd64.stage0.config.json "$work"/linux-arm64.stage0.config.json |
                	oci-push-manifest --index r.example/app:1\n
                """))
    }
}

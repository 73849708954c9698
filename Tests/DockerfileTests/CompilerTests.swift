import OCI
import Testing

@testable import Dockerfile

@Suite struct CompilerTests {
    @Test func from() throws {
        #expect(
            try render("FROM scratch").body == #"""
                # Dockerfile:1: FROM scratch
                oci-fetch --platform=linux/amd64 scratch |
                	oci-config --env=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --workdir=/ >"$work"/stage0.json
                """#)
        #expect(
            try render("ARG B=b\nFROM --platform=linux/arm64 $B:1 AS One\nFROM one").body == #"""
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
        ("EXPOSE [::1]:8080-8081:80", "--expose=80 --history='EXPOSE [80/tcp]'"),
        ("EXPOSE ::1::80", "--expose=80 --history='EXPOSE [80/tcp]'"),
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
        #expect(try step(line).hasSuffix(expected))
    }

    @Test func healthcheck() throws {
        let options = try step(
            "HEALTHCHECK --interval=1m --start-period=2s --retries=3 CMD [\"/c\"]")
        #expect(
            options.contains(
                #"--healthcheck='{"Test":["CMD","/c"],"Interval":60000000000,"StartPeriod":2000000000,"Retries":3}'"#
            ))
    }

    @Test func copies() throws {
        #expect(
            try step("COPY a b /c/") == #"""
                what='COPY in line 2'
                store "$work"/stage0.2.layer oci-tar --copy=/c/ --xattrs -- a b
                oci-manifest-append --created-by='COPY a b /c/ # buildkit' "$work"/stage0.2.layer <"$work"/stage0.json >"$work"/stage0.2.json
                """#)
        let flags =
            "COPY --chown=1:2 --chmod=u=rwX --exclude=*.o --parents --link [\"a b\", \"/c\"]\n"
        #expect(
            try step(flags).contains(
                #"store "$work"/stage0.2.layer oci-tar --copy=/c --chown=1:2 --chmod=u=rwX "#
                    + "--exclude='*.o' --parents --xattrs -- 'a b'\n"))
        // Existing files are looked for only where it matters.
        #expect(try step("COPY a /\nCOPY --link b /").contains("oci-list") == false)
        #expect(try step("COPY a /\nCOPY b /").contains("--base=\"$work\"/stage0.2.list"))
        #expect(
            try step("COPY a /\nCOPY b /") { $0.listsBase = false }.contains("--base") == false)
        #expect(
            try step("ADD a.tar /") { $0.context = "/ctx dir" }.contains(
                #"store "$work"/stage0.2.layer oci-tar --copy=/ --context='/ctx dir' --unpack --xattrs -- a.tar"#
            ))
        #expect(
            try step("COPY a /") { $0.knownImage = nil }.contains(
                "pack oci-tar --copy=/ --xattrs -- a |\n\tbehind oci-zstd |\n\tbehind oci-push-blob "
            ))
    }

    @Test(arguments: ["abc", "0o755", "u=rwx,bogus", "10000", "888"])
    func modesAreChecked(mode: String) {
        let error = #expect(throws: DockerfileError.self) {
            try step("ARG mode=\(mode)\nCOPY --chmod=$mode a /")
        }
        #expect(error?.position == SourcePosition(line: 3, column: 6))
    }

    @Test(arguments: [
        "127.1:80:80", "host:80:80", "1.2.3.256:1:1", "[::1:80:80", "[127.0.0.1", "80:x", "x:80",
        "80:",
        ":", "1-2:1-3", "1:1-2", "65536:80", "fe80::1%lo:80:80",
    ])
    func portsOfTheHostAreChecked(port: String) {
        #expect(throws: DockerfileError.self) { try step("EXPOSE \"\(port)\"") }
    }

    @Test func addressesKeepTheirPlaces() throws {
        let body = try step("ADD http://h/f a http://h/f http://h/g b http://h/i /d/")
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
        let named = try step(lines + "COPY --chown=app b /c/") { $0.listsBase = false }
        #expect(named.contains("oci-list --from=r.example/app:1 <"))
        #expect(
            named.contains("--copy=/c/ --link --base=\"$work\"/stage0.config.list --chown=app "))
        let linked = try step(lines + "COPY --link --chown=app b /c/") { $0.listsBase = false }
        #expect(linked.contains("oci-tar --copy=/c/ --link --base=\"$work\"/stage0.config.list "))
        let directory = try step(lines + "WORKDIR d") { $0.listsBase = false }
        #expect(directory.contains("oci-tar --copy=/d/ --base=\"$work\"/stage0.config.list "))
        for line in ["COPY --chown=1:2 b /c/", "USER 1:2\nWORKDIR d", "COPY b /c/"] {
            let body = try step("COPY a /\n" + line) { $0.listsBase = false }
            #expect(!body.contains("--base=") && !body.contains("--link"))
        }
        // Where programs ran, the files are there.
        let unpacked = try step(lines + "RUN x\nCOPY --chown=app b /c/") { $0.listsBase = false }
        #expect(unpacked.contains(" --copy=/c/ --base=\"$work\"/stage0.config.bundle/rootfs "))
    }

    @Test func pivots() throws {
        #expect(try step("COPY --parents a/./b /a//./c /d/").contains("-- a/./b /a//./c"))
        #expect(try step("COPY --parents a/./b a/c /d/").contains("-- a/./b a/c"))
    }

    @Test func copiesFromOthers() throws {
        let body = try render(
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
        let all = try render("FROM scratch AS a\nCOPY x /\nFROM scratch\nCOPY --from=a / /\n")
            .whole
        #expect(!all.contains("--only"))
    }

    /// An empty `--from` is the context, and scratch is an empty stage.
    @Test func copiesFromNothing() throws {
        #expect(try step("COPY --from= x /") == step("COPY x /"))
        #expect(
            try step("RUN --mount=type=bind,from=,target=/m x").contains(
                "oci-tar --copy=/copy --context=. "))
        let text = "FROM scratch\nCOPY --from=scratch / /\nCOPY --from=scratch / /d/\n"
        let body = try render(text).whole
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
            try step("COPY <<a <<'b' /d/\n$PATH $(x)\na\n$PATH\nEND\nb").contains("oci-tar")
        )
        let body = try render("FROM scratch\nCOPY <<'b' /d/\n$(x)\nEND\nb").body
        #expect(
            body.contains(
                "mkdir \"$work\"/stage0.2.inline\ncat >\"$work\"/stage0.2.inline/b <<'END_'\n$(x)\nEND\nEND_\n"
            ))
    }

    @Test func downloads() throws {
        let digest = String(repeating: "0", count: 64)
        let body = try step("ADD --checksum=sha256:\(digest) http://h/a%20b?q=$x /")
        #expect(
            body.contains(
                #"--proto =http,https --proto-redir =http,https --output "$work"/stage0.2.inline.0/'a b'"#
            ))
        #expect(body.contains("--url 'http://h/a%20b?q='"))
        #expect(body.contains("| grep -qx '\(digest)  -' || {"))
        #expect(try step("ADD https://h/ /").contains("--proto =https --proto-redir =https"))
        #expect(try step("ADD https://h/ /").contains("/__unnamed__"))
    }

    @Test func directories() throws {
        #expect(
            try step("USER app\nWORKDIR a") == #"""
                what='WORKDIR in line 3'
                store "$work"/stage0.3.layer oci-tar --copy=/a/ --chown=app
                oci-manifest-append --created-by='WORKDIR /a' "$work"/stage0.3.layer <"$work"/stage0.config.json |
                	oci-config --workdir=/a >"$work"/stage0.3.json
                """#)
    }

    @Test func timeOfTheImage() throws {
        let line = "SOURCE_DATE_EPOCH=5\nexport SOURCE_DATE_EPOCH\n"
        let given = try KeyValue("SOURCE_DATE_EPOCH=5")
        #expect(try render("FROM scratch") { $0.buildArguments = [given] }.whole.contains(line))
        #expect(try render("ARG SOURCE_DATE_EPOCH=5\nFROM scratch").whole.contains(line))
        let other = "ARG SOURCE_DATE_EPOCH=6\nFROM scratch"
        #expect(try render(other) { $0.buildArguments = [given] }.whole.contains(line))
        for text in [
            "ARG SOURCE_DATE_EPOCH\nFROM scratch", "FROM scratch\nARG SOURCE_DATE_EPOCH=5",
        ] {
            #expect(try !render(text).whole.contains("export SOURCE_DATE_EPOCH"))
        }
        #expect(throws: DockerfileError.self) {
            try render("ARG SOURCE_DATE_EPOCH=x\nFROM scratch")
        }
    }

    @Test func repositories() throws {
        for source in ["git@h:p", "u_1@h.x:", "git://h/p", "ssh://h/p", "https://h/p.git#r"] {
            #expect(throws: DockerfileError.self) { try step("ADD \(source) /") }
        }
        for source in ["git@h", "@h:p", "a b@h:p", "u@h/x:p", "x.git"] {
            #expect(try step("ADD [\"\(source)\", \"/\"]").contains("oci-tar --copy=/ "))
        }
    }

    @Test func onlyWhatTheTargetNeeds() throws {
        let text = "FROM scratch AS a\nLABEL a=1\nFROM scratch AS b\nLABEL b=1\nFROM a\nLABEL c=1\n"
        let body = try render(text).body
        #expect(body.contains("a=1") && body.contains("c=1") && !body.contains("b=1"))
        #expect(try render(text) { $0.target = "b" }.body.contains("b=1"))
        #expect(throws: DockerfileError.self) { try render(text) { $0.target = "d" } }
    }

    @Test func layersOfOtherStagesGoNoFarther() throws {
        let whole = try render(
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
        let run = try render("FROM scratch AS a\nRUN x\nCOPY a /\nFROM scratch\nCOPY --from=a / /")
            .whole
        #expect(run.contains(#"store_unpacked "$work"/a.bundle/rootfs keep "$work"/a.3.layer"#))
        #expect(run.contains("\nkeep() {\n"))
    }

    @Test func whatIsWrittenIsNoPartOfTheContext() throws {
        let body = try render("FROM scratch\nCOPY . /\nCOPY --from=a:1 / /\nWORKDIR /w") {
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

    @Test func arguments() throws {
        let text = "ARG G=g\nFROM scratch\nARG G\nARG H=$G-h\nENV x=$G,$H,$TARGETARCH,${U:-u}\n"
        #expect(try render(text).body.contains("--env=x=g,g-h,,u"))
        let given = try render(text) {
            $0.buildArguments = try [KeyValue("G=q"), KeyValue("N=")]
        }
        #expect(given.body.contains("--env=x=q,q-h,,u"))
        #expect(given.warnings.contains("2:1: no ARG declares the build argument 'N'"))
    }

    /// A later declaration of an argument has the place of the first one.
    @Test func argumentsThatAreDeclaredAgain() throws {
        let text = "FROM scratch AS a\nARG X=1\nARG Y=2\nFROM a\nARG Z\nARG X=3\nRUN x\n"
        #expect(
            try render(text).body.contains(
                "--created-by='RUN |3 X=3 Y=2 Z= /bin/sh -c x # buildkit'"))
    }

    /// An ARG of a trigger declares a build argument too.
    @Test func argumentsOfTriggers() throws {
        let text = "FROM scratch AS a\nONBUILD ARG V=d\nONBUILD ENV T=$V\nFROM a\n"
        let given = try render(text) { $0.buildArguments = try [KeyValue("V=x")] }
        #expect(given.body.contains("--env=T=x"))
        #expect(given.warnings.isEmpty)
    }

    @Test func platforms() throws {
        let text = "FROM scratch\nARG TARGETARCH\nLABEL a=$TARGETARCH\n"
        let whole = try render(text) {
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

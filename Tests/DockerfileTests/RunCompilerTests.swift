import OCI
import Testing

@testable import Dockerfile

/// Stages with programs: RUN, its mounts, and the cache of steps.
@Suite struct RunCompilerTests {
    @Test func programs() throws {
        let body = try step("ENV E=1\nARG A=2\nRUN x $A")
        let expected = #"""
            oci-config --env=A=2 <"$work"/stage0.config.json |
            	oci-runtime-config --step --rootfs="$work"/stage0.config.bundle/rootfs --args='["/bin/sh","-c","x $A"]' ${rootless:+--rootless} --network=host
            """#
        #expect(body.contains(expected))
        #expect(body.contains("--created-by='RUN |1 A=2 /bin/sh -c x $A # buildkit'"))
        #expect(!body.contains("oci-step"))
        #expect(try step("RUN --network=none x").contains(" --network=none "))
        // As in BuildKit, the shell starts a script too, and a proxy has both names.
        let script = try render("FROM scratch\nSHELL [\"/s\"]\nRUN <<E\n#!/bin/x\nE").body
        #expect(script.contains(#"--args='["/s","/dev/pipes/E"]'"#))
        #expect(script.contains("--created-by='RUN /s /dev/pipes/E # buildkit'"))
        let proxy = try KeyValue("https_proxy=p")
        #expect(
            try step("RUN x") { $0.buildArguments = [proxy] }
                .contains("oci-config --env=HTTPS_PROXY=p --env=https_proxy=p <"))
    }

    @Test(arguments: [
        "RUN []", "RUN --mount=type=bind,target=/ x", "RUN --mount=type=cache x",
        "RUN --mount=type=secret,id=s,target=/ x", "RUN --mount=type=cache,source=/a,target=/b x",
    ])
    func programsThatCannotRun(line: String) {
        #expect(throws: DockerfileError.self) { try step(line) }
    }

    @Test func mountsWithoutATargetAreAtTheWorkingDirectory() throws {
        let body = try step("WORKDIR /w\nRUN --mount=type=bind,source=a x")
        #expect(body.contains("--mount=mount.3.0:/w/"))
    }

    @Test func cachesBeginWithTheirSource() throws {
        let text =
            "FROM scratch AS a\nFROM scratch\nRUN --mount=type=cache,sharing=LOCKED,target=/t,"
        let body = try render(text + "from=a,source=/s x") { $0.stepCaches = ["oci:c"] }.body
        #expect(body.contains(#"[ -d "$work"/cache-2f74 ] || {"#))
        #expect(body.contains(#"--content="$work"/stage1.3.mount.0 <"#))
        #expect(try !render(text + "id=x x").body.contains("cache-78 ] || {"))
    }

    @Test func everyStageHasFilesOfItsOwn() throws {
        let body = try render(
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

    @Test func programsByChroot() throws {
        let body = try step("USER 5\nWORKDIR /w\nRUN [\"a\", \"b c\"]") { $0.isolation = .chroot }
        #expect(body.contains(" env -i -- PATH="))
        #expect(body.contains(#"find_user "$work"/stage0.3.bundle/rootfs 5"#))
        #expect(body.contains(#"make_directory "$work"/stage0.3.bundle/rootfs /w"#))
        #expect(body.contains(#"HOME="$home" "$chroot" --userspec="$ids" --groups="$groups" "#))
        // A home of the image is that of every user.
        let home = try step("ENV HOME=/h\nRUN a") { $0.isolation = .chroot }
        #expect(home.contains(#"HOME=/h "$chroot" "$work"/stage0.config.bundle/rootfs"#))
        #expect(!home.contains("find_user"))
        #expect(body.contains(#"'cd "$0" && exec "$@"' /w a 'b c'"#))
        // What the loader of the host would heed is set in the chroot alone.
        let loader = try step("ENV LD_PRELOAD=/x A=b\nRUN a") { $0.isolation = .chroot }
        #expect(loader.contains(#"HOME="$home" "$chroot" "$work"/stage0.config.bundle/rootfs"#))
        #expect(loader.contains("&& exec \"$@\"' / LD_PRELOAD=/x -- /bin/sh -c a"))
    }

    @Test func sourcesOfMountsAreNoPatterns() throws {
        let body = try step("RUN --mount=type=bind,source=a[1]*,target=/t x")
        #expect(body.contains(#"-- 'a\[1]\*'"#))
    }

    @Test func errorsInHeredocsHaveTheirLine() throws {
        let error = #expect(throws: DockerfileError.self) {
            try render("FROM scratch\nCOPY <<E <<F /x/\na\nE\nb\n${B:?none}\nF")
        }
        #expect(error?.position == SourcePosition(line: 6, column: 1))
    }

    @Test func mountsByChroot() throws {
        let secret = try KeyValue("s=file")
        let line =
            "RUN --mount=type=bind,target=/b/c --mount=type=cache,target='/b' "
            + "--mount=type=ssh --mount=type=secret,id=s,env=S --network=none x"
        let body = try step(line) {
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
        let body = try step("RUN x\nRUN --mount=type=tmpfs,target=/t y") {
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

    @Test func agents() throws {
        let body = try step("RUN --mount=type=tmpfs,target=/t --mount=type=ssh --mount=type=ssh x")
        #expect(body.contains("--env=SSH_AUTH_SOCK=/run/buildkit/ssh_agent.0 "))
        #expect(body.contains("\tagent2=yes\n"))
        #expect(body.contains("${agent1:+--mount=mount.2.1:/run/buildkit/ssh_agent.0}"))
        #expect(body.contains("${agent2:+--mount=mount.2.2:/run/buildkit/ssh_agent.1}"))
        #expect(!body.contains("exit 69"))
        #expect(try step("RUN --mount=type=ssh,required x").contains("exit 69"))
        #expect(
            try step("ENV SSH_AUTH_SOCK=/s\nRUN --mount=type=ssh x").contains("--env=SSH") == false)
        #expect(try step("RUN --mount=type=ssh,id=a x").contains("agent1") == false)
        for flags in ["id=a,required", "uid=1", "source=/x"] {
            #expect(throws: DockerfileError.self) { try step("RUN --mount=type=ssh,\(flags) x") }
        }
    }
}

/// Shell functions of the script that store layers and look for layers that exist already.
struct LayerFunctions {
    /// A function that stages call.
    enum Function {
        /// Stores a layer of the image.
        case store
        /// Stores a layer that is not the image's.
        case keep
        /// Stores a layer of a stage whose files may be unpacked.
        case storeUnpacked
        /// Packs files, and says which instruction failed.
        case pack
    }

    let request: BuildRequest
    /// Where layers of the image are stored.
    let destination: ShellWord

    private var registryOptions: String {
        request.registryOptions.map { " " + $0.text }.joined()
    }

    /// The functions that are called.
    func script(of functions: Set<Function>) -> ShellScript {
        var script = ShellScript()
        if functions.contains(.pack) { script.append(LayerFunctions.failures) }
        if functions.contains(.store) {
            if let known = request.knownImage {
                script.append(reuse(of: known))
            } else {
                script.append(
                    pack(
                        "store LAYER COMMAND...: stores the layer that the command packs.",
                        "store", destination))
            }
        }
        if functions.contains(.keep) {
            script.append(
                pack(
                    "keep LAYER COMMAND...: the same for a layer that is not part of the image.",
                    "keep", DockerfileCompiler.temporaryLayout))
        }
        if functions.contains(.storeUnpacked) { script.append(storeUnpacked) }
        return script
    }

    /// `fail`, `pack` and `behind`. When a command fails, the filters behind it fail too, because
    /// their input is truncated; only the first message is useful.
    private static var failures: ShellScript {
        var script = ShellScript()
        script.blank()
        script.comment("fail STATUS: ends the script because $what failed.")
        script.code(
            """
            fail() {
            	echo "$what failed with status $1" >&2
            	exit "$1"
            }
            """)
        script.blank()
        script.comment("pack COMMAND...: runs a command that packs; its failure ends the script.")
        script.code(
            """
            pack() {
            	"$@" || {
            		status=$?
            		# The filter behind has failed and has said why.
            		[ "$status" -ne 141 ] || { echo "$what failed" >&2; exit 141; }
            		echo "$status" >"$work"/.failed
            		fail "$status"
            	}
            }
            """)
        script.blank()
        script.comment(
            "behind COMMAND...: runs a filter behind pack; when pack failed, with its status and without "
                + "more messages."
        )
        script.code(
            """
            behind() {
            	status=0
            	if [ -t 2 ]; then
            		"$@" || status=$?
            	else
            		{
            			{ "$@" 2>&1 >&3 3>&- || echo "$?" >"$work"/.failed."$1"; } |
            				while IFS= read -r line || [ -n "$line" ]; do
            					[ -s "$work"/.failed ] || printf '%s\\n' "$line" >&2
            				done
            		} 3>&1
            		[ ! -s "$work"/.failed."$1" ] || read -r status <"$work"/.failed."$1"
            	fi
            	[ "$status" -eq 0 ] || [ ! -s "$work"/.failed ] || read -r status <"$work"/.failed
            	return "$status"
            }
            """)
        return script
    }

    private func pack(_ comment: String, _ name: String, _ place: ShellWord) -> ShellScript {
        var script = ShellScript()
        script.blank()
        script.comment(comment)
        script.code(
            """
            \(name)() {
            	layer=$1
            	shift
            	pack "$@" | behind oci-zstd |
            		behind oci-push-blob\(registryOptions) \(place.text) >"$layer"
            }
            """)
        return script
    }

    /// The layers that the image has now, and `store`.
    private func reuse(of known: String) -> ShellScript {
        let image = ShellWord(quoting: known).text
        let platforms = request.platforms.map(\.description).joined(separator: ",")
        let platform = ShellWord.option("platform", platforms).text
        // A layer of another repository is mounted or copied from there.
        let from = known == request.destinations.first ? "" : " --from=\(image)"
        let push = "oci-push-blob\(registryOptions)"
        var script = ShellScript()
        script.blank()
        script.comment("The layers of the existing image; empty if there is no image.")
        script.code("oci-fetch\(registryOptions) \(platform) \(image) 2>/dev/null |")
        script.code("\toci-layers >\"$work\"/known 2>/dev/null || :")
        script.blank()
        script.comment(
            "store LAYER COMMAND...: reuses or stores the layer that the command packs.")
        script.code(
            """
            store() {
            	layer=$1
            	shift
            	if { "$@" 2>/dev/null || echo "$?" >"$work"/.failed; } |
            		behind oci-reuse --media-type=\(LayerFunctions.mediaType) "$work"/known |
            		behind \(push) --reuse\(from) \(destination.text) >"$layer"; then
            		return
            	fi
            	rm -f "$work"/.failed*
            	pack "$@" | behind oci-zstd | behind \(push) \(destination.text) >"$layer"
            }
            """)
        return script
    }

    private static let mediaType = "application/vnd.oci.image.layer.v1.tar+zstd"

    private var storeUnpacked: ShellScript {
        var script = ShellScript()
        script.blank()
        script.comment(
            "store_unpacked ROOTFS STORE LAYER COMMAND...: stores a layer, and unpacks it to ROOTFS if that exists."
        )
        script.code(
            """
            store_unpacked() {
            	root=$1 store=$2 layer=$3
            	shift 3
            	if [ ! -d "$root" ]; then
            		"$store" "$layer" "$@"
            		return
            	fi
            	pack "$@" >"$layer".tar
            	"$store" "$layer" cat "$layer".tar
            	oci-untar ${rootless:+--rootless} "$root" <"$layer".tar
            	rm "$layer".tar
            }
            """)
        return script
    }

    /// Code that checks which directories of caches can be written.
    func directories() -> ShellScript {
        let layouts = request.stepCaches.enumerated().filter { $0.element.hasPrefix("oci:") }
        let warn = request.isQuiet ? ":" : "echo"
        var script = ShellScript()
        if layouts.isEmpty, request.mountCache == nil { return script }
        script.blank()
        script.comment("usable DIR: succeeds when a cache can be written, and warns otherwise.")
        script.code(
            """
            usable() {
            	if mkdir -p -- "$1" 2>/dev/null && [ -w "$1" ]; then return; fi
            	\(warn) "warning: the cache '$1' cannot be written and is not used" >&2
            	return 1
            }
            """)
        for (index, layout) in layouts {
            let directory = ShellWord(quoting: String(layout.dropFirst("oci:".count))).text
            script.code("cache\(index + 1)=\(ShellWord(quoting: layout).text)")
            script.code("usable \(directory) || cache\(index + 1)=")
        }
        if let mounts = request.mountCache {
            script.code("mounts=\(ShellWord(quoting: mounts).text)")
            script.code("usable \"$mounts\" || mounts=$work")
        }
        return script
    }

    /// `recall` and `remember`: read and write steps in a cache, each as an image of one layer.
    func steps() -> ShellScript {
        let say = request.isQuiet ? "" : "\n\techo \"${3##*.}: found in $2\" >&2"
        let pull = "oci-push-blob\(registryOptions) --reuse --from=\"$2\" \"$1\""
        let push = "oci-push-manifest\(registryOptions) --from=\"$1\" \"$2:$key\""
        var script = ShellScript()
        script.blank()
        script.comment(
            "recall PLACE CACHE STEP PLATFORM ROOTFS: copies the layer of an earlier run to PLACE, if CACHE has it."
        )
        script.code(
            """
            recall() {
            	[ -n "$2" ] || return 1
            	read -r key <"$3".key
            	oci-fetch\(registryOptions) --platform="$4" "$2:$key" 2>/dev/null |
            		oci-layers 2>/dev/null |
            		\(pull) >"$3".layer 2>/dev/null || return\(say)
            	# The unpacked files lack this layer.
            	rm -rf "$5"
            }
            """)
        script.blank()
        script.comment(
            "remember PLACE CACHE STEP PLATFORM: stores the layer of a step, which PLACE has, in CACHE."
        )
        script.code(
            """
            remember() {
            	[ -n "$2" ] || return 0
            	read -r key <"$3".key
            	oci-fetch --platform="$4" scratch | oci-manifest-append "$3".layer |
            		\(push) >"$3".kept ||
            		echo "warning: a step is not kept in '$2'" >&2
            }
            """)
        return script
    }
}

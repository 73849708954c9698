import FilterTools
import ToolSupport

ArtifactTool.runAndExit()

import FilterTools
import ToolSupport

TarTool.runAndExit()

import FilterTools
import ToolSupport

ConfigTool.runAndExit()
